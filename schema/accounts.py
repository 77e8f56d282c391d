"""Accounts, roles and tokens in the API, and the history of changes."""

from schema.declarations import (
    ListField,
    Noun,
    Verb,
    among,
    at_least,
    equals,
    is_null,
    node,
    related,
)
from service import accounts, models

NOUN = Noun(
    nodes=(
        node(
            models.Account,
            label="What it is called.",
            disabled_at="When it was disabled; null: it can sign in.",
            person=related("The person of the pipeline behind it, if any."),
            grants=related("Its roles, past ones included."),
            tokens=related("Its tokens, without their secrets."),
            filters={"label": among("label", "Any of these labels.")},
            sorts={"LABEL": "label"},
        ),
        node(
            models.RoleGrant,
            role="Which role.",
            is_current="Whether it holds now.",
            expires_at="When it ends by itself; null: it does not.",
            revoked_at="When it was taken back.",
            account=related("Who holds it."),
            mission=related("The one mission it is limited to; null: all."),
            filters={
                "role": among("role", "Any of these roles."),
                "is_current": equals("is_current", "Whether it holds now."),
            },
            sorts={"EXPIRES_AT": "expires_at"},
        ),
        node(
            models.ApiToken,
            label="What it is for.",
            is_current="Whether it signs in now.",
            expires_at="When it ends by itself.",
            revoked_at="When it was revoked.",
            account=related("Whom it signs in."),
            filters={"is_unrevoked": is_null("revoked_at", "True: not revoked; false: revoked.")},
            sorts={"EXPIRES_AT": "expires_at"},
        ),
        node(
            models.AuditEvent,
            aggregate="The type of what changed.",
            sequence="Its place in the history of that thing, from 1.",
            verb="What was done.",
            actor_label="Who did it.",
            reason="Why, where a reason was given.",
            occurred_at="When, by the database's clock.",
            digests="Salted digests of what changed: field name to digest.",
            previous_hash="The hash of the event before it.",
            hash="The hash that seals it.",
            filters={
                "aggregate": among("aggregate", "Changes of any of these types."),
                "verb": among("verb", "Any of these verbs."),
                "occurred_from": at_least("occurred_at", "At this time or later."),
            },
            sorts={"OCCURRED_AT": "occurred_at"},
        ),
    ),
    queries={
        "accounts": ListField(models.Account, "Accounts that can sign in."),
        "auditEvents": ListField(models.AuditEvent, "The history of changes."),
    },
    verbs={
        "createAccount": Verb(accounts.create_account, "Opens an account that can sign in."),
        "issueToken": Verb(
            accounts.issue_token,
            "Issues a token to sign in with.",
            reveals={"secret": "The token itself: shown in this one answer and stored nowhere."},
        ),
        "revokeToken": Verb(accounts.revoke_token, "Revokes a token, from the next request on."),
        "grantRole": Verb(accounts.grant_role, "Grants a role to an account."),
        "revokeRole": Verb(accounts.revoke_role, "Takes a role back, from the next request on."),
    },
)
