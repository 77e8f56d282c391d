"""Settings from the environment: the only reader of `CADRE_*` variables.

Built once by the entry point and passed down. It refuses values that would
let demonstration data or secrets reach production.
"""

import difflib
import json
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, SecretStr, StrictInt
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

PREFIX = "CADRE_"


class Environment(StrEnum):
    """Where this process runs; production is the strict one."""

    DEMO = "demo"
    TEST = "test"
    PRODUCTION = "production"


def _from_json(given: Any) -> Any:
    try:
        return json.loads(given) if isinstance(given, str) else given
    except ValueError as error:
        words = "this is not JSON ({fault})"
        raise PydanticCustomError("not_json", words, {"fault": str(error)}) from error


class Settings(BaseSettings):
    """Every setting Cadre reads, with its default."""

    # An empty variable is what a compose file makes of one that nobody set.
    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="ignore"
    )

    environment: Environment = Field(
        Environment.DEMO, description="demo, test or production; production is strict."
    )
    database_url: SecretStr | None = Field(
        None,
        description="A PostgreSQL URL; without it the embedded server in the data folder runs.",
    )
    data_dir: Path = Field(
        Path(".cadre"), description="The folder of the embedded database and the demo tokens."
    )
    host: str = Field("127.0.0.1", description="The address the server listens on.")
    port: int = Field(8000, ge=0, le=65535, description="The port the server listens on.")
    pool_size: int = Field(10, ge=1, le=100, description="Database connections per process.")
    drain_seconds: int = Field(
        0,
        ge=0,
        le=300,
        description="How long a server that was told to stop goes on accepting requests.",
    )
    nightly_at: str = Field(
        "0 2 * * *", description="When the worker pairs mentors, as a five-field cron line in UTC."
    )
    safelist: bool = Field(
        False,
        description="Whether only registered operations are served, but to those who introspect.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="debug, info, warning or error."
    )
    # The library would decode it too, and break off with a trace where it is no JSON.
    limits: Annotated[dict[str, dict[str, StrictInt]], NoDecode, BeforeValidator(_from_json)] = (
        Field({}, description="Limits of requests by role, as JSON.")
    )

    @property
    def demo_tokens(self) -> Path:
        """Where the demonstration keeps its tokens: one for every role."""
        return self.data_dir / "demo-tokens.json"


def misspelt(variables: Iterable[str]) -> list[str]:
    """A sentence for every variable that looks like a setting and is none.

    Only warns, because a cluster may put variables of its own beside ours.
    """
    known = [f"{PREFIX}{name.upper()}" for name in Settings.model_fields]
    return [
        f"{name} is not a setting; {_nearest(name, known)}."
        for name in sorted(variables)
        if name.upper().startswith(PREFIX) and name.upper() not in known
    ]


def _nearest(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name.upper(), known, n=1)
    return f"perhaps {near[0]} is meant" if near else f"there are {', '.join(known)}"
