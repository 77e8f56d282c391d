"""Learned models as bytes to keep and to load again, without pickle and without trust.

What an archive may hold is listed here by name, kind by kind: fewer than what skops trusts by
itself. It refuses a file with anything else before any of it is made. Imported by name only,
because skops loads all of scikit-learn.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from skops.io import dumps, loads

from matching.learning import Lesson
from matching.models import Model, Step

_OWN: Final = (
    "matching.compatibilities.AdditiveCompatibility",
    "matching.compatibilities.MonotoneAdditiveCompatibility",
    "matching.models.Isotonic",
    "matching.models.Sigmoid",
    "matching.reciprocity.ReciprocalScore",
)
ALLOWED: Final = frozenset(
    {
        ("DictNode", "builtins.dict"),
        ("JsonNode", "builtins.str"),
        ("ListNode", "builtins.list"),
        ("NdArrayNode", "numpy.ndarray"),
        ("TupleNode", "builtins.tuple"),
        ("TypeNode", "builtins.str"),
        *(("ObjectNode", name) for name in _OWN),
    }
)
"""All that an archive may hold: how skops makes it, and of which type."""

LARGEST: Final = 64 * 2**20
"""Bytes an archive may unpack to; models have some tens of thousands."""

_MARKS: Final = ("__loader__", "__module__", "__class__")


class NotTrusted(ValueError):  # noqa: N818 - it says what was given, not what broke
    """The bytes are not an archive that may be loaded; the message says why."""


@dataclass(frozen=True)
class Archive:
    """A learned model to keep: `content` in the file, and the rest in the record beside it.

    Parameters
    ----------
    version : str
        The model's name, which is also the configuration's once it is adopted.
    content : bytes
    sha256 : str
        Of the content, in hexadecimal.
    record : mapping
        The lesson as plain JSON: what was learnt from, every figure, all numbers.
    """

    version: str
    content: bytes
    sha256: str
    record: Mapping[str, Any]


def archived(lesson: Lesson) -> Archive:
    """The lesson's model, ready to be kept until a person approves it.

    Raises
    ------
    ValueError
        If nothing was learnt.
    """
    model = lesson.model
    if model is None:
        raise ValueError(f"nothing was learnt: {lesson.verdict}")
    content = dumps(
        {"step": model.step.value, "score": model.score, "calibration": model.calibration},
        compression=zipfile.ZIP_DEFLATED,
    )
    return Archive(model.version, content, _sha256(content), lesson.to_json())


def restored(content: bytes, *, version: str, sha256: str) -> Model:
    """The model that was archived under this version and hash.

    Raises
    ------
    NotTrusted
        If the bytes are others than those kept, unpack to too much, or hold any type that is
        not listed, which is named.
    """
    if _sha256(content) != sha256:
        raise NotTrusted("the archive's SHA-256 differs from the one recorded: restore the file")
    strange = sorted(_types(content) - ALLOWED)
    if strange:
        names = ", ".join(f"{name} ({loader})" for loader, name in strange)
        raise NotTrusted(f"the archive holds types that are not allowed: {names}")
    parts = loads(content, trusted=list(_OWN))
    model = Model(Step(parts["step"]), parts["score"], parts["calibration"])
    if model.version != version:
        raise NotTrusted(f"the archive holds {model.version}, but {version} was asked for")
    return model


def _types(content: bytes) -> frozenset[tuple[str, str]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as entries:
            size = sum(entry.file_size for entry in entries.infolist())
            if size > LARGEST:
                raise NotTrusted(f"the archive unpacks to {size} bytes; {LARGEST} are allowed")
            return frozenset(_nodes(json.loads(entries.read("schema.json"))))
    except (zipfile.BadZipFile, KeyError, ValueError, RecursionError) as broken:
        if isinstance(broken, NotTrusted):
            raise
        raise NotTrusted("the bytes are no archive of a model") from broken


def _nodes(part: Any) -> Iterator[tuple[str, str]]:
    """Every type named anywhere, whatever the names around it."""
    if isinstance(part, dict):
        if any(mark in part for mark in _MARKS):
            loader, module, name = (str(part.get(mark)) for mark in _MARKS)
            yield loader, f"{module}.{name}"
        part = list(part.values())
    if isinstance(part, list):
        for each in part:
            yield from _nodes(each)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
