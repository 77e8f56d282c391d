"""`enumValues`: the words of one enum with their labels, meanings and next steps.

Screens draw their lists and buttons from it instead of keeping a second rule book.
It refuses names that no enum of the API has.
"""

from typing import Any

import strawberry

from schema import blueprints
from service.errors import NotFound
from service.models.steps import NEXT_STEPS


@strawberry.type(description="One word of an enum, as people read it.")
class EnumValue:
    """One member of an enum."""

    name: str = strawberry.field(description="The word as queries and answers write it.")
    label: str = strawberry.field(description="Its name, for people.")
    meaning: str = strawberry.field(description="What it means, in a sentence.")
    next_steps: list[str] | None = strawberry.field(
        description="The words that may follow; none: the last state; null: not a state."
    )


def of(name: str) -> list[EnumValue]:
    """The words of the enum of this name, in its order. Refuses an unknown name."""
    known = blueprints.enums()
    if name not in known:
        names = ", ".join(sorted(known))
        raise NotFound(f"No enum is called so; the enums are {names}.", path=("name",))
    words: Any = known[name]
    steps = NEXT_STEPS.get(words)
    return [
        EnumValue(
            name=word.name,
            label=word.label,
            meaning=word.meaning,
            next_steps=None if steps is None else [step.name for step in steps[word]],
        )
        for word in words
    ]
