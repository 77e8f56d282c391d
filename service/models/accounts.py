"""Accounts, the roles they hold and the tokens they sign in with.

A token is stored as a digest only and shown once; grants expire and can be revoked at once.
"""

from datetime import datetime
from typing import Any

from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import UniqueConstraint

from service.access.conditions import Blank, Compare
from service.access.roles import Role
from service.access.rules import Rules
from service.models.missions import Mission
from service.models.people import Person
from service.models.rows import Derived, Row


class Account(Row):
    """Somebody or something that can sign in; perhaps a person of the pipeline."""

    access = Rules("account", own=Compare("id", "=", Blank.MY_ACCOUNT))

    label = fields.CharField(max_length=120)
    person: fields.ForeignKeyNullableRelation[Person] = fields.ForeignKeyField(
        "models.Person", related_name="accounts", on_delete=fields.RESTRICT, null=True
    )
    person_id: Any
    disabled_at: datetime | None = fields.DatetimeField(null=True)
    grants: fields.ReverseRelation["RoleGrant"]
    tokens: fields.ReverseRelation["ApiToken"]

    class Meta:
        table = "account"
        constraints = [
            UniqueConstraint(("label",), "account_label_uniq"),
            UniqueConstraint(("person_id",), "account_person_uniq"),
        ]


class RoleGrant(Row):
    """A role given to an account, for one mission or all, until it expires or is revoked."""

    access = Rules("account", own=Compare("account_id", "=", Blank.MY_ACCOUNT))
    derived = {
        "is_current": Derived(
            "({row}.revoked_at IS NULL AND ({row}.expires_at IS NULL OR {row}.expires_at > now()))",
            bool,
        )
    }

    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "models.Account", related_name="grants", on_delete=fields.RESTRICT
    )
    account_id: Any
    role = fields.CharEnumField(Role, max_length=30)
    mission: fields.ForeignKeyNullableRelation[Mission] = fields.ForeignKeyField(
        "models.Mission", related_name="role_grants", on_delete=fields.RESTRICT, null=True
    )
    mission_id: Any
    expires_at: datetime | None = fields.DatetimeField(null=True)
    revoked_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "role_grant"
        indexes = [Index(fields=("account_id",), name="role_grant_account_idx")]


class ApiToken(Row):
    """A bearer token; only its digest is kept."""

    access = Rules("account", own=Compare("account_id", "=", Blank.MY_ACCOUNT))
    derived = {
        "is_current": Derived(
            "({row}.revoked_at IS NULL AND {row}.expires_at > now())",
            bool,
        )
    }

    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "models.Account", related_name="tokens", on_delete=fields.RESTRICT
    )
    account_id: Any
    label = fields.CharField(max_length=120)
    digest = fields.CharField(max_length=64, unique=True)
    expires_at: datetime = fields.DatetimeField()
    revoked_at: datetime | None = fields.DatetimeField(null=True)
    # The token itself: known to the one call that issued it, in no column.
    secret: str | None = None

    class Meta:
        table = "api_token"
        indexes = [Index(fields=("account_id",), name="api_token_account_idx")]
