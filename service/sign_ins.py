"""Who bears a token: asked of the database, remembered, and proved again with every use.

What is remembered only saves the asking. It refuses to vouch: whoever uses it has the
database repeat the proof in the statement that the answer comes from.
"""

import hashlib
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import Any, TypeAlias
from uuid import UUID

import orjson
from cachetools import LRUCache
from tortoise import connections

from service.access.actors import ANONYMOUS, Actor, Grant
from service.access.roles import Role
from service.errors import NotSignedIn

# One statement decides everything: a digest tells nothing by the time it takes to find it.
# The text says who it is and what they hold now, so a single comparison shows any change.
PROOF = """
SELECT json_build_array(account.id, account.person_id, account.label, (
    SELECT json_agg(json_build_array(held.role, held.mission_id) ORDER BY held.id)
    FROM role_grant held WHERE held.account_id = account.id AND held.revoked_at IS NULL
    AND (held.expires_at IS NULL OR held.expires_at > now())))::text
FROM api_token JOIN account ON account.id = api_token.account_id
WHERE api_token.digest = {digest} AND api_token.revoked_at IS NULL
AND api_token.expires_at > now() AND account.disabled_at IS NULL
"""

_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class SignIn:
    """A caller, and by which token; `proof` is what the database said of it.

    Without a token there is nothing to prove: the caller is the public, or a test's.
    """

    actor: Actor
    digest: str | None = None
    proof: str | None = None


PUBLIC = SignIn(ANONYMOUS)
Ask: TypeAlias = Callable[[str | None], Awaitable[SignIn]]


def digest_of(token: str) -> str:
    """The only form in which a token is kept."""
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()


async def ask(token: str | None) -> SignIn:
    """Whoever signs in with this token, with the roles they hold now; without one, the public.

    Raises NotSignedIn, in the same words for every token that opens nothing.
    """
    if token is None:
        return PUBLIC
    digest = digest_of(token)
    statement = f"SELECT ({PROOF.format(digest='$1')}) AS proof"
    async with connections.get("default").acquire_connection() as connection:
        proof: str | None = await connection.fetchval(statement, digest)
    if proof is None:
        raise NotSignedIn("This token is unknown, expired or revoked; sign in with another.")
    return SignIn(_actor(proof), digest, proof)


async def ask_all(tokens: Collection[str]) -> dict[str, SignIn]:
    """What holds now of each of these tokens, in one statement; the bad ones are left out."""
    by_digest = {digest_of(token): token for token in tokens}
    proof = PROOF.format(digest="asked.digest")
    statement = f"SELECT digest, ({proof}) AS proof FROM unnest($1::text[]) AS asked (digest)"  # noqa: S608 - no input in it
    async with connections.get("default").acquire_connection() as connection:
        rows = await connection.fetch(statement, list(by_digest))
    return {
        by_digest[digest]: SignIn(_actor(proof), digest, proof) for digest, proof in rows if proof
    }


class SignIns:
    """The sign-ins of late, by digest; the longest unused are forgotten first."""

    def __init__(self, asked: Ask = ask) -> None:
        self._ask = asked
        self._known: LRUCache[str, SignIn] = LRUCache(_REMEMBERED)

    def recall(self, token: str | None) -> SignIn | None:
        """What was last known of this token; to be proved before anything is told."""
        return PUBLIC if token is None else self._known.get(digest_of(token))

    async def ask(self, token: str | None) -> SignIn:
        """What holds of this token now. Raises NotSignedIn, and forgets a token that is bad."""
        try:
            found = await self._ask(token)
        except NotSignedIn:
            self._known.pop(digest_of(token or ""), None)
            raise
        if found.digest is None:
            return found
        known = self._known.get(found.digest)
        if known is not None and known.proof == found.proof:
            # What the remembered actor may do has been worked out already.
            return known
        self._known[found.digest] = found
        return found

    async def ask_all(self, tokens: Collection[str]) -> dict[str, SignIn]:
        """What holds of all these tokens now, in one statement; the bad ones are left out."""
        found = await ask_all(tokens)
        for token in tokens:
            self._known.pop(digest_of(token), None)
        self._known.update({sign_in.digest or "": sign_in for sign_in in found.values()})
        return found


def _actor(proof: str) -> Actor:
    account, person, label, held = orjson.loads(proof)
    grants = tuple(Grant(Role(role), _uuid(mission)) for role, mission in held or ())
    return Actor(UUID(account), _uuid(person), label, grants)


def _uuid(text: Any) -> UUID | None:
    return UUID(text) if text else None
