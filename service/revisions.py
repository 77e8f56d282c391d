"""Changes that one row decides: judged by the row as it was read, written if it is still so.

Where nobody else is at the row, reading and writing are a statement each, and no transaction
stands open between them. It refuses to wait there: what another holds goes the ordinary way.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, get_type_hints

from service import audit, permits
from service.access.actors import Actor
from service.changes import Change
from service.models import Row
from service.operations import Meaning, Operation, check_version, translated
from service.reading import answers
from service.reading.clauses import Clauses, conjunction
from service.reading.columns import table
from service.reading.selections import Field
from service.reading.slots import Filling, Given, Token
from service.reading.statements import Statement, standing
from service.sign_ins import PROOF, SignIn

C = TypeVar("C", bound=Change)
R = TypeVar("R", bound=Row)


@dataclass(frozen=True)
class Revision:
    """What becomes of a row: its entry in the history, and which columns take what that says."""

    entry: audit.Entry
    columns: Sequence[str]
    # What is written before it; that takes a transaction.
    first: Callable[[], Awaitable[None]] | None = None


Judge = Callable[..., Awaitable[Revision]]
Write = Callable[[Revision], Awaitable[bool]]


@dataclass(frozen=True, kw_only=True)
class Revising(Operation[C, R]):
    """An operation of which a judge says what becomes of the row whose id it names.

    The judge gets the change, and the row at the version that the change was made on, to which
    the actor may do this. It writes nothing, and asks nothing of others that may yet change.
    """

    judge: Judge


def revision(
    permission: str, constraints: Mapping[str, Meaning] | None = None
) -> Callable[[Judge], Revising[Any, Any]]:
    """Declares the operation of this judge, whose argument `row` says of which table it is."""

    def declare(judge: Judge) -> Revising[Any, Any]:
        hints = get_type_hints(judge)
        model = hints["row"]

        async def run(change: Any, *, by: Actor) -> Row:
            row: Row = await permits.locked(by, doing.verb, model, change.id)
            check_version(row, change.version)
            judged = await judge(change, row)
            if judged.first is not None:
                await judged.first()
            await audit.revise(judged.entry, judged.columns, by=by)
            return row

        run.__annotations__ |= {"change": hints["change"], "return": model}
        doing: Revising[Any, Any] = Revising(run, permission, constraints or {}, judge=judge)
        return doing

    return declare


def rewriting(
    row: audit.Versioned, verb: str, new: Mapping[str, Any], *, reason: str | None = None
) -> Revision:
    """What `new` changes of the row, as a revision."""
    changed = audit.difference(row, new)
    return Revision(audit.Entry(row, verb, changed, reason), tuple(changed))


async def at_once(doing: Operation[C, R], change: C, *, by: Actor, write: Write) -> bool:
    """Whether `write` has done it in its one statement; nothing was written where it has not.

    Raises the operation's refusals, for the row as it stands. Whoever may not see the row, or
    is too late for it, gets False and hears why on the ordinary way.
    """
    assert isinstance(doing, Revising), doing.permission
    async with translated(doing.constraints):
        row = await permits.seen(by, doing.verb, doing.result, change.id)  # type: ignore[attr-defined] # Every such change names its row.
        if row is None:
            return False
        check_version(row, change.version)  # type: ignore[attr-defined] # And the version.
        judged = await doing.judge(change, row)
        return judged.first is None and await write(judged)


def tells(doing: Operation[Any, Any], rows: Sequence[Sequence[Field]], by: Actor) -> bool:
    """Whether it may be done at once: it revises a row, and `rows` ask for no more than that."""
    clauses = Clauses(by)
    return isinstance(doing, Revising) and all(
        standing(clauses, doing.result, clauses.alias(), fields) for fields in rows
    )


def compiled(
    doing: Operation[Any, Any], columns: Sequence[str], rows: Sequence[Sequence[Field]], by: SignIn
) -> Statement:
    """The statement that writes these columns and the entry, and answers with each of `rows`.

    It writes if the caller is who they were, may still do it, and the row is neither held by
    anybody nor changed since it was read. It must be one that `tells` them.
    """
    model, clauses = doing.result, Clauses(by.actor)
    names = (*columns, "version")
    count = audit.APPENDED + len(names)
    # The texts that the history brings along count their values from the first on.
    clauses.values += map(Given, range(count))
    seen, written = clauses.alias(), clauses.alias()
    asked = [
        f"{seen}.id = $4",
        f"{seen}.version = {clauses.bind(Given(count), 'integer')}",
        clauses.rule(model, seen, permits.open_rows(by.actor, doing.verb, model)),
    ]
    if by.digest is not None:
        proof = PROOF.format(digest=clauses.bind(Token(), "text"))
        asked.append(f"({proof}) = {clauses.bind(Given(count + 1), 'text')}")
    told = [standing(clauses, model, written, fields) or "NULL" for fields in rows]
    name, update = table(model), audit.updating(model, names)
    sql = f"""WITH held AS (
        SELECT {seen}.id FROM {name} {seen} WHERE {conjunction(*asked)}
        FOR UPDATE OF {seen} SKIP LOCKED
    ), written AS (
        {update} FROM held WHERE {name}.id = held.id RETURNING {name}.*
    ) SELECT {", ".join([audit.APPEND, *told])} FROM written {written}"""  # noqa: S608 - no input in it
    return Statement(sql, tuple(clauses.values))


async def write(statement: Statement, judged: Revision, by: SignIn) -> Sequence[Any] | None:
    """What the compiled statement answers of the row; None, and nothing written, if too late."""
    row: Any = judged.entry.aggregate
    version = row.version
    given = [*audit.revised(judged.entry, judged.columns, by=by.actor), version, by.proof]
    found = await answers.written(statement, Filling(by.actor, given, by.digest))
    return None if found is None else found[1:]
