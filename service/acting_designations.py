"""Acting designations: who covers a post for a time, perhaps beside a post of their own.

It refuses two people who cover one post at the same time.
"""

from datetime import date

from pydantic import Field
from tortoise.expressions import Q

from service import audit, models, permits
from service.access.actors import Actor
from service.changes import Change, PersonId, PostId
from service.errors import Conflict, Invalid
from service.models.vocabulary import ActingKind
from service.operations import Meaning, operation

_CONSTRAINTS = {
    "acting_designation_period_check": Meaning(
        "The designation ends before it starts; correct its last day.", ("ended_on",)
    ),
}


class NewActingDesignation(Change):
    """A temporary cover to record."""

    person_id: PersonId = Field(description="Who covers the post.")
    post_id: PostId = Field(description="Which post is covered.")
    kind: ActingKind = Field(description="In what capacity.")
    started_on: date = Field(description="First day of the cover.")
    ended_on: date | None = Field(None, description="Last day; null while it lasts.")
    announced_on: date | None = Field(
        None, description="The day it becomes public; null: not announced."
    )


@operation("designate.acting_designation", _CONSTRAINTS)
async def designate(change: NewActingDesignation, *, by: Actor) -> models.ActingDesignation:
    """A new designation. Refuses overlaps on the post, and days without the post."""
    await permits.require_on(
        by, "designate.acting_designation", models.Post, change.post_id, path=("post_id",)
    )
    await permits.require_on(by, "read", models.Person, change.person_id, path=("person_id",))
    # Under this lock nobody else designates for the post before we have looked.
    post = await models.Post.select_for_update().get(id=change.post_id)
    _check_exists(post, change)
    await _check_free(change)
    values = change.model_dump()
    row = await models.ActingDesignation.create(**values)
    await audit.record(audit.Entry(row, "designate", audit.initial(values)), by=by)
    return row


def _check_exists(post: models.Post, change: NewActingDesignation) -> None:
    if change.started_on < post.established_on:
        raise Invalid(
            f"The post was established later, on {post.established_on}.", path=("started_on",)
        )
    last = change.ended_on or change.started_on
    if post.abolished_on and last > post.abolished_on:
        raise Invalid(f"The post was abolished on {post.abolished_on}.", path=("post_id",))


async def _check_free(change: NewActingDesignation) -> None:
    """One may start on the day on which the other ends, as with appointments."""
    overlaps = Q(ended_on=None) | Q(ended_on__gt=change.started_on)
    if change.ended_on:
        overlaps &= Q(started_on__lt=change.ended_on)
    clash = models.ActingDesignation.filter(overlaps | Q(started_on=change.started_on))
    if await clash.filter(post_id=change.post_id).exists():
        raise Conflict(
            "Somebody covers the post in this period; choose other dates.", path=("started_on",)
        )
