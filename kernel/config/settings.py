"""Typed settings from the environment, validated when the process starts."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Literal, Self

from pydantic import AliasChoices, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from kernel.base.clock import Clock, parse_clock

AUDIENCE = "motcua"
DEVELOPMENT_ISSUER = "urn:motcua:development"
"""The name of the local issuer. Anybody can sign as it, so production does not trust it."""


LOG_LEVELS = ("debug", "info", "warning", "error")
_DATABASES = ("sqlite", "postgresql")
_TOPIC = re.compile(r"[A-Za-z0-9._-]{1,249}")


class Settings(BaseSettings):
    """The settings of one service process. The defaults are those of a development stack on
    loopback.
    """

    # The names of fields are looked up in the environment, too: with the prefix only.
    model_config = SettingsConfigDict(
        env_prefix="motcua_", extra="ignore", populate_by_name=True, hide_input_in_errors=True
    )

    service: str
    mode: Literal["development", "production"] = Field(
        "development", validation_alias="MOTCUA_MODE"
    )
    data_dir: Path = Field(Path(".motcua"), validation_alias="MOTCUA_DATA_DIR")
    kafka: str = Field("127.0.0.1:29092", validation_alias="KAFKA_BOOTSTRAP_SERVERS")
    topic: str = Field("dossier.events", validation_alias="MOTCUA_TOPIC")
    host: str = Field("127.0.0.1", validation_alias="MOTCUA_HOST")
    port: int
    database_url: str
    keyring_url: str = Field("", validation_alias="KEYRING_DATABASE_URL")
    master_key: SecretStr = Field(SecretStr(""), validation_alias="MOTCUA_MASTER_KEY")
    identity_jwks: Path | None = Field(None, validation_alias="IDENTITY_JWKS")
    identity_issuer: str = Field(DEVELOPMENT_ISSUER, validation_alias="IDENTITY_ISSUER")
    identity_audience: str = Field(AUDIENCE, validation_alias="IDENTITY_AUDIENCE")
    clock: str = Field("real", validation_alias="MOTCUA_CLOCK")
    log_level: str = Field("info", validation_alias="MOTCUA_LOG_LEVEL")
    otlp_endpoint: str = Field("", validation_alias="OTEL_EXPORTER_OTLP_ENDPOINT")
    trace_file: str = Field("", validation_alias="MOTCUA_TRACE_FILE")
    smtp_host: str = Field(
        "127.0.0.1", validation_alias=AliasChoices("SMTP_HOST", "MOTCUA_SMTP_HOST")
    )
    smtp_port: int = Field(2525, validation_alias=AliasChoices("SMTP_PORT", "MOTCUA_SMTP_PORT"))
    tls_port: int = 0
    tls_cert: str = ""
    tls_key: str = ""
    tls_client_ca: str = ""

    @model_validator(mode="after")
    def check(self) -> Self:
        """Validate the settings; raise ``ValueError`` naming the variable."""
        parse_clock(self.clock)
        _database(self.database_url)
        _database(self.keyring_url)
        if self.log_level.lower() not in LOG_LEVELS:
            raise ValueError(f"MOTCUA_LOG_LEVEL: must be one of {', '.join(LOG_LEVELS)}")
        if not _TOPIC.fullmatch(self.topic):
            raise ValueError("MOTCUA_TOPIC: must be letters, digits, '.', '_' and '-'")
        if self.mode == "production":
            if self.clock not in ("", "real"):
                raise ValueError("MOTCUA_CLOCK: only real time is allowed in production")
            if not self.master_key.get_secret_value():
                raise ValueError("MOTCUA_MASTER_KEY: must be set in production")
            if self.identity_jwks is None:
                raise ValueError("IDENTITY_JWKS: must be set in production")
            if self.identity_issuer == DEVELOPMENT_ISSUER:
                raise ValueError("IDENTITY_ISSUER: must be set in production")
        return self

    def make_clock(self) -> Clock:
        """Return the clock that MOTCUA_CLOCK describes."""
        return parse_clock(self.clock)


def _database(url: str) -> None:
    """Raise ``ValueError`` for an URL of no known database, without repeating it: it may hold a
    password.
    """
    try:
        known = not url or make_url(url).get_backend_name() in _DATABASES
    except ArgumentError:
        known = False
    if not known:
        raise ValueError(
            "DATABASE_URL: must be sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME"
            " (also <SERVICE>_DATABASE_URL and KEYRING_DATABASE_URL)"
        )


def load(service: str, default_port: int = 0) -> Settings:
    """Read the settings of one service from the environment; raise pydantic's ``ValidationError``
    naming the variable.

    ``<SERVICE>_DATABASE_URL`` takes precedence over ``DATABASE_URL``; without them the service has
    an SQLite file under the data folder. ``default_port`` holds without ``<SERVICE>_PORT``; port 0
    is one that the system chooses.
    """
    prefix = service.upper()
    data_dir = Path(os.environ.get("MOTCUA_DATA_DIR", ".motcua"))
    url = os.environ.get(f"{prefix}_DATABASE_URL") or os.environ.get("DATABASE_URL", "")
    return Settings(
        service=service,
        port=port(f"{prefix}_PORT", default_port),
        database_url=url or sqlite_url(data_dir, service),
        tls_port=port(f"{prefix}_TLS_PORT", 0),
        tls_cert=os.environ.get(f"{prefix}_TLS_CERT", ""),
        tls_key=os.environ.get(f"{prefix}_TLS_KEY", ""),
        tls_client_ca=os.environ.get(f"{prefix}_TLS_CLIENT_CA", ""),
    )


def port(variable: str, default: int) -> int:
    """Read a TCP port from the environment; raise ``ValueError`` naming the variable."""
    text = os.environ.get(variable) or str(default)
    if not (text.isascii() and text.isdigit() and int(text) < 65536):
        raise ValueError(f"{variable}: must be a port number, got {text!r}")
    return int(text)


def describe_errors(error: ValueError) -> str:
    """Return on one line what is wrong with settings, variable by variable."""
    if not isinstance(error, ValidationError):
        return str(error)
    return "; ".join(
        ": ".join([*map(str, each["loc"]), each["msg"].removeprefix("Value error, ")])
        for each in error.errors(include_url=False, include_input=False)
    )


def sqlite_url(data_dir: Path, name: str) -> str:
    """Return the URL of the SQLite file that ``name`` has under the data folder."""
    return f"sqlite:///{(data_dir / f'{name}.sqlite3').absolute()}"
