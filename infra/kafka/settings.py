"""The settings by which Kafka's jars are fetched."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class JarSettings(BaseSettings):
    """Where the jars are kept, and where they come from; an empty variable is not set."""

    model_config = SettingsConfigDict(env_ignore_empty=True)

    cache_dir: Path | None = Field(None, validation_alias="MOTCUA_CACHE_DIR")
    user_cache: Path = Field(
        default_factory=lambda: Path.home() / ".cache", validation_alias="XDG_CACHE_HOME"
    )
    maven_url: str = Field("", validation_alias="MOTCUA_MAVEN_URL")
    """Maven Central where it is empty."""
