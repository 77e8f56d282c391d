"""Settings from the environment: the only reader of `CADRE_*` variables.

Built once by the entry point and passed down. It refuses values that would
let demonstration data or secrets reach production.
"""

from enum import StrEnum
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Environment(StrEnum):
    """Where this process runs; production is the strict one."""

    DEMO = "demo"
    TEST = "test"
    PRODUCTION = "production"


class Settings(BaseSettings):
    """Every setting Cadre reads, with its default."""

    model_config = SettingsConfigDict(env_prefix="CADRE_", frozen=True, extra="ignore")

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
    nightly_at: str = Field(
        "0 2 * * *", description="When the worker pairs mentors, as a five-field cron line in UTC."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="debug, info, warning or error."
    )

    @property
    def demo_tokens(self) -> Path:
        """Where the demonstration keeps its tokens: one for every role."""
        return self.data_dir / "demo-tokens.json"
