"""The fairness audits of match runs, in the API."""

from schema.declarations import Noun, among, node, related
from service import models

NOUN = Noun(
    nodes=(
        node(
            models.MatchAudit,
            measure="What is measured.",
            side="Whose group it is.",
            group_kind="By what the people are told apart.",
            group_value="Code of the group; UNKNOWN: those of whom it is not known.",
            value="The mean over the group; null: there is no figure, and the reason says why.",
            low="Lower end of its 95 % interval.",
            high="Upper end of its 95 % interval.",
            people="How many people of the group it is the mean of, 10 or more.",
            reason="Why there is no figure, such as too few people; null: there is one.",
            run=related("The run."),
            filters={
                "measure": among("measure", "Of any of these measures."),
                "side": among("side", "Of groups on any of these sides."),
                "group_kind": among("group_kind", "By any of these kinds of groups."),
            },
        ),
    ),
)
