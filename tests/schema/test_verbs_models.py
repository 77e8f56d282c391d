"""Learned models over HTTP: what is shown of them, and that their archives never are."""

import base64

from schema.root import assembled
from service import models
from tests import factories
from tests.schema.served import Served, opaque

QUERY = """{ compatibilityModels(orderBy: [{field: TRAINED_AT}]) { totalCount edges { node {
    modelVersion kind state rowCount verdict figures archiveSha256 archiveSize } } } }"""


async def test_a_model_is_shown_with_its_figures_and_without_its_archive(served: Served) -> None:
    row = await factories.make_model(archive=b"never to leave the service")
    answer = await served.ask(QUERY)
    (edge,) = answer["data"]["compatibilityModels"]["edges"]
    assert edge["node"] == {
        "modelVersion": row.model_version,
        "kind": "LINEAR",
        "state": "DRAFT",
        "rowCount": 400,
        "verdict": "The logistic beats the base rate.",
        "figures": {"brier": 0.2, "base_brier": 0.24},
        "archiveSha256": row.archive_sha256,
        "archiveSize": len(b"never to leave the service"),
    }
    shown = str(answer)
    encoded = base64.b64encode(b"never to leave the service").decode()
    assert "never" not in shown
    assert encoded not in shown
    assert "archive" not in assembled().nodes[models.CompatibilityModel].fields


async def test_a_model_that_is_decided_says_so_and_whoever_comes_late_is_told(
    served: Served,
) -> None:
    row = await factories.make_model()
    given = {"id": opaque(row), "version": 1, "reason": "It foretells better."}
    done = await served.done(
        "approveCompatibilityModel", given, select="state decisionReason version"
    )
    assert done == {"state": "APPROVED", "decisionReason": "It foretells better.", "version": 2}
    assert await served.refused("rejectCompatibilityModel", given) == (
        "CONFLICT",
        ["id"],
        "This model is approved; it cannot become rejected.",
    )


async def test_whoever_trained_a_model_is_told_that_somebody_else_approves(served: Served) -> None:
    account = await served.account("hr")
    row = await factories.make_model(trained_by_id=account.id)
    given = {"id": opaque(row), "version": 1, "reason": "It is mine."}
    assert await served.refused("approveCompatibilityModel", given) == (
        "NOT_ALLOWED",
        [],
        "You trained this model; somebody else approves it.",
    )
    assert (await models.CompatibilityModel.get(id=row.id)).state == "DRAFT"
