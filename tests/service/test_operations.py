"""What every write has in common: the trial, the key, the transaction, the translation."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest
from tortoise.exceptions import IntegrityError

from service import (
    accounts,
    acting_designations,
    appointments,
    mentors,
    mentorship_requests,
    mentorships,
    models,
    people,
)
from service.access.actors import Actor
from service.access.roles import DUTIES, Role
from service.appointments import NewAppointment
from service.errors import Conflict, Refusal
from service.operations import Meaning, Once, Operation, operation, perform
from service.people import NewPerson
from tests import factories
from tests.refusals import everything, refused

pytestmark = pytest.mark.usefixtures("database")
CHANGE = NewPerson(given_names="Amina", family_name="Otieno", nationalities=["KEN"])
MODULES = (
    accounts,
    acting_designations,
    appointments,
    mentors,
    mentorship_requests,
    mentorships,
    people,
)
OPERATIONS = {
    f"{module.__name__}.{name}": value
    for module in MODULES
    for name, value in vars(module).items()
    if isinstance(value, Operation)
}


async def answer(row_id: UUID, row: models.Row | None) -> tuple[UUID, bool]:
    """What a caller reads: which row, and whether it was made just now."""
    return row_id, row is not None


async def test_a_trial_checks_everything_and_writes_nothing(hr: Actor) -> None:
    before = await everything()
    once = Once(is_trial=True, key="trial-1")
    assert await perform(people.create, CHANGE, by=hr, once=once, then=answer) is None
    assert await everything() == before
    wrong = CHANGE.model_copy(update={"nationalities": ["XXX"]})
    async with refused("INVALID", "nationalities"):
        await perform(people.create, wrong, by=hr, once=once, then=answer)


async def test_a_trial_finds_what_only_the_database_knows(hr: Actor) -> None:
    held = await factories.make_appointment()
    person = await factories.make_person()
    change = NewAppointment(
        person_id=person.id, post_id=held.post_id, started_on=factories.NOON.date()
    )
    async with refused("CONFLICT", "started_on"):
        await perform(appointments.record, change, by=hr, once=Once(is_trial=True), then=answer)


async def test_a_repeat_under_the_same_key_answers_the_first_and_writes_once(hr: Actor) -> None:
    once = Once(key="k-1")
    first, is_new = await perform(people.create, CHANGE, by=hr, once=once, then=answer)
    assert is_new
    before = await everything()
    assert await perform(people.create, CHANGE, by=hr, once=once, then=answer) == (first, False)
    assert await everything() == before
    assert await models.Person.all().count() == 1


async def test_writers_with_one_key_at_once_write_once(hr: Actor) -> None:
    answers = await asyncio.gather(
        *(
            perform(people.create, CHANGE, by=hr, once=Once(key="k-1"), then=answer)
            for _ in range(5)
        )
    )
    assert len({row_id for row_id, _ in answers}) == 1
    assert sorted(is_new for _, is_new in answers) == [False, False, False, False, True]
    assert await models.Person.all().count() == 1
    assert await models.AuditEvent.all().count() == 1


async def test_a_key_belongs_to_one_input_of_one_operation(hr: Actor) -> None:
    once = Once(key="k-1")
    await perform(people.create, CHANGE, by=hr, once=once, then=answer)
    other = CHANGE.model_copy(update={"given_names": "Awa"})
    async with refused("CONFLICT", "idempotency_key"):
        await perform(people.create, other, by=hr, once=once, then=answer)


async def test_an_explicit_null_is_another_input_than_an_omission(hr: Actor) -> None:
    once = Once(key="k-1")
    await perform(people.create, CHANGE, by=hr, once=once, then=answer)
    given = NewPerson(**CHANGE.model_dump(exclude_unset=True), gender=None)
    async with refused("CONFLICT", "idempotency_key"):
        await perform(people.create, given, by=hr, once=once, then=answer)


async def test_two_callers_may_use_the_same_key(hr: Actor) -> None:
    other = factories.an_actor(Role.HR_OFFICER)
    for by in (hr, other):
        _, is_new = await perform(people.create, CHANGE, by=by, once=Once(key="k-1"), then=answer)
        assert is_new
    assert await models.Person.all().count() == 2


async def test_a_refused_write_leaves_its_key_free(hr: Actor) -> None:
    once = Once(key="k-1")
    wrong = CHANGE.model_copy(update={"nationalities": ["XXX"]})
    async with refused("INVALID", "nationalities"):
        await perform(people.create, wrong, by=hr, once=once, then=answer)
    _, is_new = await perform(people.create, CHANGE, by=hr, once=once, then=answer)
    assert is_new


async def test_what_fails_while_the_answer_is_read_undoes_the_write(hr: Actor) -> None:
    async def fail(row_id: UUID, row: models.Row | None) -> None:
        raise LookupError(row_id)

    before = await everything()
    with pytest.raises(LookupError):
        await perform(people.create, CHANGE, by=hr, once=Once(key="k-1"), then=fail)
    assert await everything() == before


async def test_a_token_s_secret_is_told_the_first_time_only() -> None:
    admin = factories.an_actor(Role.ADMINISTRATOR)
    account = await factories.make_account()

    async def secret(row_id: UUID, row: models.Row | None) -> str | None:
        return row.secret if isinstance(row, models.ApiToken) else None

    change = accounts.NewToken(account_id=account.id, label="Laptop")
    told = [
        await perform(accounts.issue_token, change, by=admin, once=Once(key="k"), then=secret)
        for _ in range(2)
    ]
    assert told[0].startswith("cadre_")
    assert told[1] is None


async def test_a_violated_constraint_means_what_the_operation_says(hr: Actor) -> None:
    async def twice(change: NewPerson, *, by: Actor) -> models.MemberState:
        return await models.MemberState.create(code="KEN", name="Again", regional_groups=[])

    meaning = Meaning("Kenya is there already.", ("code",), is_conflict=True)
    named = operation("create.member_state", {"member_state_code_key": meaning})(twice)
    with pytest.raises(Conflict, match="there already") as caught:
        await named(CHANGE, by=hr)
    assert caught.value.path == ("code",)
    unnamed: Operation[Any, Any] = operation("create.member_state")(twice)
    with pytest.raises(IntegrityError):
        await unnamed(CHANGE, by=hr)


async def test_writers_that_wait_in_a_circle_are_told_to_try_again(hr: Actor) -> None:
    first, second = await factories.make_person(), await factories.make_person()
    both_hold_one = asyncio.Barrier(2)

    async def cross(change: NewPerson, *, by: Actor) -> models.Person:
        own, other = (first, second) if change.given_names == "A" else (second, first)
        await models.Person.select_for_update().get(id=own.id)
        await both_hold_one.wait()
        return await models.Person.select_for_update().get(id=other.id)

    crossing: Operation[Any, Any] = operation("update.person")(cross)
    changes = [NewPerson(given_names=name, family_name="X") for name in "AB"]
    answers = await asyncio.gather(
        *(crossing(change, by=hr) for change in changes), return_exceptions=True
    )
    assert sorted(type(each).__name__ for each in answers) == ["Conflict", "Person"]


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_every_operation_declares_its_input_its_result_and_a_permission_in_use(name: str) -> None:
    doing = OPERATIONS[name]
    assert issubclass(doing.result, models.Row)
    assert all(field.description for field in doing.change.model_fields.values())
    verb, _, noun = doing.permission.partition(".")
    held = {permission for duty in DUTIES.values() for permission in duty.permissions}
    assert {f"{verb}.{scope}.{noun}" for scope in ("own", "assigned", "any")} & held


@pytest.mark.parametrize("name", sorted(OPERATIONS))
async def test_every_operation_sends_the_public_away_to_sign_in(name: str) -> None:
    doing = OPERATIONS[name]
    change = doing.change.model_construct(**dict.fromkeys(doing.change.model_fields, uuid4()))
    before = await everything()
    with pytest.raises(Refusal) as caught:
        await doing(change, by=Actor())
    assert caught.value.code == "NOT_SIGNED_IN"
    assert await everything() == before
