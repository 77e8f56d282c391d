"""GraphQL requests out of HTTP: method, media types, token, body and parameters.

It counts the bytes as they arrive and lets none of them reach a parser unbounded. It
refuses to know the schema, and answers every malformed request with a coded 4xx.
"""

import functools
import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, NamedTuple, TypeAlias
from urllib.parse import parse_qsl

import orjson
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope

from schema.exchanges import Exchange
from schema.limits import LimitExceeded, Limits
from schema.patience import Patience
from schema.repeats import Repeats, Worked
from service.errors import NotSignedIn, Refusal
from service.persisted_operations import digest_of

# The schema as RFC 6750 writes it; longer tokens are none of ours.
_TOKEN = re.compile(r"[A-Za-z0-9\-._~+/]+=*")
_TOKEN_LENGTH = 4096
_DIGEST = re.compile(r"[0-9a-f]{64}")

# A request's headers by name in lower case, and those that were sent several times in one.
Heads: TypeAlias = Mapping[bytes, bytes]


class MediaType(StrEnum):
    """What an answer can be written as."""

    GRAPHQL = "application/graphql-response+json"
    JSON = "application/json"
    EVENTS = "text/event-stream"


# What RFC 9110 asks of every 401.
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="cadre"'}


class HttpRefused(Exception):  # noqa: N818 - a refusal is an answer, not a fault
    """A request that is refused before any GraphQL is read."""

    def __init__(
        self, status: int, refusal: Refusal, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(status)
        self.status = status
        self.refusal = refusal
        self.headers = dict(headers or {})


class BadRequest(Refusal):
    """A request that is not a well-formed GraphQL-over-HTTP request."""

    code = "BAD_REQUEST"


class Parameters(NamedTuple):
    """The parameters of one GraphQL request, of the right types.

    With a `digest`, the hash under which the document may be registered, `query` can be empty.
    `body` are the bytes that all of it was read from, where it was one body, and `worked` is
    what the engine has made of them.
    """

    query: str
    variables: dict[str, Any]
    operation_name: str | None
    extensions: dict[str, Any]
    digest: str | None = None
    body: bytes = b""
    worked: Worked | None = None


def _refused(status: int, message: str, **headers: str) -> HttpRefused:
    return HttpRefused(status, BadRequest(message), headers)


def gathered(headers: Iterable[tuple[bytes, bytes]]) -> Heads:
    """The headers of an ASGI scope, gone through once; equal names are joined by commas."""
    found: dict[bytes, bytes] = {}
    for name, value in headers:
        found[name] = found[name] + b"," + value if name in found else value
    return found


def negotiate(heads: Heads) -> MediaType:
    """The media type to answer with; 406 when the client accepts none of ours."""
    return _negotiated(heads.get(b"accept", b""))


@functools.lru_cache(maxsize=256)
def _negotiated(accepted: bytes) -> MediaType:
    accept = accepted.decode("latin-1").strip()
    if not accept:
        return MediaType.JSON
    # Wanted equally, the newer type wins, and a stream never does: `max` keeps the first.
    best = max(MediaType, key=lambda media: _quality(media, accept))
    if _quality(best, accept) > (0.0, 0):
        return best
    raise _refused(406, f"Accept {' or '.join(MediaType)}.")


def _quality(media: MediaType, accept: str) -> tuple[float, int]:
    """How much the client wants a media type: the quality of its closest range, and how close."""
    closest, wanted = 0, 0.0
    for entry in accept.split(","):
        range_, *parameters = (part.strip().lower() for part in entry.split(";"))
        closeness = {"*/*": 1, "application/*": 2, media.value: 3}.get(range_, 0)
        if closeness > closest:
            closest, wanted = closeness, _weight(parameters)
    # Only a client that names the newer type expects its status codes, or a stream.
    if media is not MediaType.JSON and closest < 3:
        return (0.0, 0)
    return (wanted, closest) if wanted else (0.0, 0)


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return min(1.0, max(0.0, float(parameter[2:])))
            except ValueError:
                return 0.0
    return 1.0


def bearer(heads: Heads) -> str | None:
    """The bearer token, or None without an Authorization header; 401 for anything else.

    Two such headers are no bearer token either: no token holds the comma between them.
    """
    given = heads.get(b"authorization")
    return None if given is None else borne(given.decode("latin-1"))


def borne(authorization: str) -> str:
    """The token in an `Authorization`; 401 where it holds anything else."""
    scheme, _, token = authorization.partition(" ")
    token = token.strip()
    is_sound = scheme.lower() == "bearer" and len(token) <= _TOKEN_LENGTH
    if not is_sound or not _TOKEN.fullmatch(token):
        raise _no_bearer()
    return token


def _no_bearer() -> HttpRefused:
    return not_signed_in("Send one header `Authorization: Bearer <token>`.")


def not_signed_in(message: str) -> HttpRefused:
    """A 401 that names the scheme Cadre understands."""
    return HttpRefused(401, NotSignedIn(message), CHALLENGE)


class Asking(NamedTuple):
    """One HTTP request, before anything of it is understood."""

    scope: Scope
    receive: Receive
    heads: Heads
    exchange: Exchange | None
    reference: str

    @property
    def address(self) -> str | None:
        """The client's."""
        client = self.scope.get("client")
        return client[0] if client else None


async def read_parameters(
    asking: Asking, limits: Limits, seconds: float, repeats: Repeats[Parameters]
) -> Parameters:
    """The parameters of a GET or POST; refuses other methods, types, encodings and shapes.

    The body must be there within so many seconds. One that came before is not read again.
    """
    scope, heads = asking.scope, asking.heads
    if scope["method"] == "GET":
        return _from_url(scope["query_string"])
    if scope["method"] != "POST":
        raise _refused(405, "Send POST, or GET for queries.", Allow="GET, POST")
    _check_media(heads.get(b"content-type", b""))
    if b"content-encoding" in heads:
        _check_encoding(heads[b"content-encoding"])
    body = asking.exchange.body() if asking.exchange else None
    if body is None:
        _check_announced(heads.get(b"content-length", b""), limits)
        body = await _read(asking.receive, limits, seconds)
    elif len(body) > limits.body_bytes:
        raise _too_large(limits)
    return repeats.find(body) or parameters(_json(body, "The body"), "The body", body)


@functools.lru_cache(maxsize=256)
def _check_media(content_type: bytes) -> None:
    given = content_type.decode("latin-1")
    media, *parameters = (part.strip().lower() for part in given.split(";"))
    if media != MediaType.JSON:
        raise _refused(415, f"Send the body as `Content-Type: {MediaType.JSON}`.")
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "charset" and value.strip(' "') not in {"utf-8", "utf8"}:
            raise _refused(415, "Send the body in UTF-8.")


def _check_encoding(encoding: bytes) -> None:
    if encoding.strip().lower() != b"identity":
        raise _refused(415, "Send the body without Content-Encoding.")


def _check_announced(length: bytes, limits: Limits) -> None:
    if length.isdigit() and int(length[:20]) > limits.body_bytes:
        raise _too_large(limits)


async def _read(receive: Receive, limits: Limits, seconds: float) -> bytes:
    try:
        with Patience(seconds):
            return await _counted(receive, limits)
    except TimeoutError as error:
        message = f"The body did not arrive within {seconds:g} seconds."
        raise _refused(408, message, Connection="close") from error


async def _counted(receive: Receive, limits: Limits) -> bytes:
    """The body, counted as it arrives: chunked bodies announce no length, and lengths can lie."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += message.get("body", b"")
        if len(body) > limits.body_bytes:
            raise _too_large(limits)
        if not message.get("more_body", False):
            return bytes(body)


def _too_large(limits: Limits) -> HttpRefused:
    # The rest of the body is left unread, so the connection cannot be used again.
    return HttpRefused(413, LimitExceeded(limits, "body_bytes"), {"Connection": "close"})


def _json(text: bytes | str, what: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise _refused(400, f"{what} is not JSON in UTF-8.") from error


def _from_url(query_string: bytes) -> Parameters:
    try:
        pairs = parse_qsl(
            query_string.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=20,
        )
    except ValueError as error:
        raise _refused(400, "The query string is not UTF-8, or has too many parts.") from error
    given: dict[str, Any] = dict(pairs)
    if len(given) < len(pairs):
        raise _refused(400, "The query string names a parameter twice.")
    for name in ("variables", "extensions"):
        if name in given:
            given[name] = _json(given[name], f"`{name}`") if given[name] else None
    return parameters(given, "The query string")


def parameters(given: Any, what: str, body: bytes = b"") -> Parameters:
    """The parameters in this JSON, read from `body`, which the refusals call `what`."""
    if isinstance(given, list):
        raise _refused(400, "Batches are not served; send one request for each operation.")
    if not isinstance(given, dict):
        raise _refused(400, f"{what} must be a JSON object with `query`.")
    extensions = _object(given.get("extensions"), "extensions")
    digest = _digest(given.get("documentId"), extensions.get("persistedQuery"))
    query = _query(given.get("query"), what, digest)
    name = given.get("operationName")
    if not isinstance(name, str | None):
        raise _refused(400, "`operationName` must be a text or null.")
    # Form-encoded GETs cannot write null; an empty name there means none.
    variables = given.get("variables")
    if type(variables) is not dict:
        variables = _object(variables, "variables")
    worked = Worked() if body else None
    return Parameters(query, variables, name or None, extensions, digest, body, worked)


def _query(query: Any, what: str, digest: str | None) -> str:
    if query is None and digest:
        return ""
    if not isinstance(query, str) or not query.strip():
        raise _refused(400, f"{what} must have `query`, a text that is not empty.")
    if digest and digest != digest_of(query):
        raise _refused(400, "The hash that came with `query` is not its SHA-256.")
    return query


def _digest(document_id: Any, persisted: Any) -> str | None:
    """The document's hash, as the specification's draft or as Apollo and urql send it."""
    if document_id is None and persisted is None:
        return None
    digest: Any = None
    if isinstance(document_id, str):
        digest = document_id.removeprefix("sha256:")
    elif isinstance(persisted, dict) and persisted.get("version") == 1:
        digest = persisted.get("sha256Hash")
    if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
        raise _refused(
            400,
            "Name a registered operation by `documentId`, `sha256:` and 64 hexadecimal digits, or"
            " by `extensions.persistedQuery` with `version` 1 and `sha256Hash`.",
        )
    return digest


def _object(value: Any, name: str) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _refused(400, f"`{name}` must be a JSON object or null.")
    return value
