"""The history of rows that are sealed from somebody: closed to them by every way there is."""

from typing import Any

import pytest

from service import models
from service.access.roles import Role
from tests.schema.callers import CALLERS, Api, key
from tests.schema.mentoring import OUTCOMES, OVERRIDES
from tests.schema.oracles import Tables, global_id

WAYS = {"compiled": "", "executor": "viewer { label }"}
"""The second makes a query one that no plan answers."""

OPEN: dict[str, set[str]] = {
    "AUDITOR": {*OVERRIDES, *OUTCOMES},
    "auditor and mentor": {
        *("pin of hidden mentor", "declined"),
        *("mentor on pair", "mentee on old pair", "hidden mentor on old pair"),
    },
    "auditor and mentee": {
        *("ban of mentor", "pin of hidden mentor"),
        *("mentee on pair", "mentee on old pair"),
    },
}
"""Whose history each auditor may read, said without the rules."""

OTHERS = 3
"""Events of the world about nothing that is sealed."""

LISTED = """query ($after: String) {{ {beside}
    auditEvents(first: 2, after: $after, orderBy: [{{field: OCCURRED_AT, {order}}}]) {{
        totalCount edges {{ cursor node {{ id reason }} }} pageInfo {{ hasNextPage }} }} }}"""
COUNTED = """{{ {beside}
    overrides: auditEvents(filter: {{aggregate: ["MatchOverride"]}}) {{ totalCount }}
    outcomes: auditEvents(filter: {{aggregate: ["MatchOutcome"]}}) {{ totalCount }}
    corrected: auditEvents(filter: {{verb: ["correct"]}}) {{ totalCount }}
    others: auditEvents(filter: {{not: {{aggregate: ["Person"]}}}}) {{ totalCount }}
    either: auditEvents(filter: {{or: [{{verb: ["correct"]}}, {{verb: ["none"]}}]}}) {{
        totalCount edges {{ node {{ reason }} }} }}
    late: auditEvents(filter: {{occurredFrom: "2020-01-01T00:00:00Z"}}) {{ totalCount }} }}"""
NAMED = """query ($ids: [ID!]!, $id: ID!) {{ {beside}
    nodes(ids: $ids) {{ ... on AuditEvent {{ reason verb hash }} }}
    node(id: $id) {{ ... on AuditEvent {{ reason verb hash }} }} }}"""


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("order", ["direction: DESC", "direction: ASC"])
@pytest.mark.parametrize("caller", OPEN)
async def test_pages_in_either_order_hold_and_count_what_is_open(
    api: Api, caller: str, order: str, way: str
) -> None:
    query = LISTED.format(beside=WAYS[way], order=order)
    reasons: list[str | None] = []
    after = None
    while True:
        page = (await api.data(query, {"after": after}, by=caller))["auditEvents"]
        assert page["totalCount"] == OTHERS + len(OPEN[caller])
        reasons += [edge["node"]["reason"] for edge in page["edges"]]
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["edges"][-1]["cursor"]
    assert len(reasons) == OTHERS + len(OPEN[caller])
    assert told(reasons) == OPEN[caller]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("caller", OPEN)
async def test_no_filter_finds_or_counts_what_is_sealed(api: Api, caller: str, way: str) -> None:
    found = await api.data(COUNTED.format(beside=WAYS[way]), by=caller)
    counts = {name: found[name]["totalCount"] for name in found if name != "viewer"}
    every = len(OPEN[caller])
    assert counts == {
        "overrides": len(OPEN[caller] & {*OVERRIDES}),
        "outcomes": len(OPEN[caller] & {*OUTCOMES}),
        "corrected": every,
        "others": every,
        "either": every,
        "late": OTHERS + every,
    }
    assert told(edge["node"]["reason"] for edge in found["either"]["edges"]) == OPEN[caller]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("caller", CALLERS)
async def test_an_event_shows_by_its_id_to_auditors_from_whom_its_row_is_not_sealed(
    api: Api, tables: Tables, caller: str | None, way: str
) -> None:
    actor, query = CALLERS[caller], NAMED.format(beside=WAYS[way])
    for model, names in ((models.MatchOverride, OVERRIDES), (models.MatchOutcome, OUTCOMES)):
        ids = [global_id(models.AuditEvent, key(f"event of {name}")) for name in names]
        rows = {row["id"]: row for row in tables.rows[model]}
        for name, id_ in zip(names, ids, strict=True):
            found = await api.data(query, {"ids": ids, "id": id_}, by=caller)
            sees = Role.AUDITOR in actor.roles and tables.sees(actor, model, rows[key(name)])
            assert (found["node"] is not None) == sees, (caller, name)
            assert (f"About {name}" in str(found)) == sees
            assert told(row["reason"] for row in found["nodes"] if row) == OPEN.get(
                caller or "", set()
            ) & {*names}


def told(reasons: Any) -> set[str]:
    """The names of the rows that these reasons are about."""
    about = "About "
    return {reason.removeprefix(about) for reason in reasons if (reason or "").startswith(about)}
