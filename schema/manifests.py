"""Manifests of operations, as the build of a front end writes them, held against the schema.

It reads a map from hash to text (Relay, GraphQL Code Generator) and Apollo's manifest. It
refuses the whole manifest where one operation could not be served.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

from schema import allowances
from schema.documents import DocumentRefused, Documents
from schema.root import create_schema
from service import persisted_operations
from service.access.actors import Actor
from service.errors import Invalid, Refusal
from service.persisted_operations import Trusted, digest_of

_SHAPE = (
    "write a JSON object from SHA-256 to text, or Apollo's with a list `operations` of objects"
    " with `id` and `body`"
)


async def register(
    file: Path, limits: Mapping[str, Mapping[str, int]], *, by: Actor
) -> tuple[int, int]:
    """How many operations the manifest holds, and how many of them were new.

    Raises Invalid, and registers nothing, where one of them is not good, or over the limits
    of everybody.
    """
    documents = Documents(create_schema()._schema, allowances.by_role(limits).widest)  # noqa: SLF001 - it has no public name
    trusted = [_checked(entry, documents) for entry in _entries(_read(file))]
    return len(trusted), await persisted_operations.register(trusted, by=by)


def _read(file: Path) -> Any:
    try:
        return orjson.loads(file.read_bytes())
    except OSError as error:
        raise Invalid(f"{file} cannot be read: {error.strerror}.", path=("manifest",)) from error
    except orjson.JSONDecodeError as error:
        raise Invalid(f"{file} is not JSON; {_SHAPE}.", path=("manifest",)) from error


def _entries(manifest: Any) -> Iterator[tuple[str, str]]:
    """The hash and the text of each operation."""
    if not isinstance(manifest, dict):
        raise _misshapen()
    entries = manifest.get("operations")
    pairs = (
        [(entry.get("id"), entry.get("body")) for entry in entries if isinstance(entry, Mapping)]
        if isinstance(entries, list)
        else list(manifest.items())
    )
    if isinstance(entries, list) and len(pairs) < len(entries):
        raise _misshapen()
    for digest, text in pairs:
        if not isinstance(digest, str) or not isinstance(text, str):
            raise _misshapen()
        yield digest, text


def _misshapen() -> Invalid:
    return Invalid(f"The manifest has another form; {_SHAPE}.", path=("manifest",))


def _checked(entry: tuple[str, str], documents: Documents) -> Trusted:
    digest, text = entry
    if digest != digest_of(text):
        message = f"{digest[:80]} is not the SHA-256 of its text; let the build hash with SHA-256."
        raise Invalid(message, path=("manifest",))
    try:
        document = documents.parse(text)
        operation = document.operation(None)
        documents.validate(document, suggest=True)
    except DocumentRefused as refused:
        raise _not_good(digest, refused.errors[0].message) from refused
    except Refusal as refusal:
        raise _not_good(digest, refusal.message) from refusal
    name = operation.node.name
    return Trusted(name.value if name else digest, text)


def _not_good(digest: str, why: str) -> Invalid:
    return Invalid(f"Operation {digest[:80]} cannot be served: {why}", path=("manifest",))
