"""Output types of answers that are worked out in Python, made from the service's own records.

A reference becomes the row it names, read for the caller like any other. It refuses a field
without a description.
"""

import types
from enum import Enum
from typing import Annotated, Any, Union, get_args, get_origin

from schema import blueprints
from schema.blueprints import Part
from service.changes import RefersTo
from service.match_answers import Answer

_UNIONS = (Union, types.UnionType)
_KEY = "_id"


class Outputs:
    """The output types of one schema, each made once.

    `nodes` are the types of rows by name; `references` are the fields that show one, by type
    and field, with the attribute that holds its key and its name.
    """

    def __init__(self, nodes: dict[str, type]) -> None:
        self._nodes = nodes
        self._made: dict[type[Answer], type] = {}
        self.references: dict[tuple[str, str], tuple[str, str]] = {}

    def of(self, answer: type[Answer]) -> type:
        """The type of this record."""
        if answer not in self._made:
            made = blueprints.shell(answer.__name__)
            self._made[answer] = made
            blueprints.fill_type(made, self._parts(answer), answer.__doc__ or "")
        return self._made[answer]

    def _parts(self, answer: type[Answer]) -> dict[str, Part]:
        parts = {}
        for name, info in answer.model_fields.items():
            kind, noun, is_optional = _bare(info.annotation, info.metadata)
            described = info.description or ""
            if noun is None:
                parts[name] = Part(self._type(kind), described, is_optional)
                continue
            shown = name.removesuffix(_KEY)
            self.references[answer.__name__, shown] = (name, noun)
            # A row one may not see looks like one that is not there.
            parts[shown] = Part(self._nodes[noun], described, is_optional=True)
        return parts

    def _type(self, kind: Any) -> Any:
        if get_origin(kind) is tuple:
            return list[self._type(get_args(kind)[0])]  # type: ignore[misc]
        if issubclass(kind, Answer):
            return self.of(kind)
        return blueprints.enum(kind) if issubclass(kind, Enum) else kind


def _bare(annotation: Any, metadata: Any) -> tuple[Any, str | None, bool]:
    """The type without its marks, the row it refers to, and whether it may be null."""
    noun = next((mark.noun for mark in metadata if isinstance(mark, RefersTo)), None)
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _bare(args[0], args[1:])
    if origin in _UNIONS:
        inner = next(arg for arg in args if arg is not type(None))
        return (*_bare(inner, ())[:2], True)
    return annotation, noun, False
