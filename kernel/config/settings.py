"""The settings of a service's process."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import AfterValidator, AliasChoices, Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from kernel.config.call_limits import CallLimits, CallRate
from kernel.config.environment import Port
from kernel.config.kafka_settings import KafkaSettings
from kernel.config.loopback import clear_host, is_loopback
from kernel.config.master_key import parse_key, parse_keys
from kernel.config.tls_files import check_authorities, check_key
from kernel.consumer.applying.quarantine_limit import QuarantineBounds

LOG_LEVELS: Final = ("debug", "info", "warning", "error")
_DATABASES: Final = ("sqlite", "postgresql")


def sqlite_url(data_dir: Path, name: str) -> str:
    """Return the URL of the SQLite file that ``name`` has under the data folder."""
    return f"sqlite:///{(data_dir / f'{name}.sqlite3').absolute()}"


def checked_log_level(text: str) -> str:
    if text.lower() not in LOG_LEVELS:
        raise ValueError(f"must be one of {', '.join(LOG_LEVELS)}")
    return text


def _master_key(key: SecretStr) -> SecretStr:
    if text := key.get_secret_value():
        parse_key(text)
    return key


def _record_keys(keys: SecretStr) -> SecretStr:
    if text := keys.get_secret_value():
        parse_keys(text)
    return keys


def _database(url: str) -> str:
    """Refuse the URL of no known database without repeating it: it may hold a password."""
    try:
        known = not url or make_url(url).get_backend_name() in _DATABASES
    except ArgumentError:
        known = False
    if not known:
        raise ValueError("must be sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME")
    return url


def _is_safe(url: URL) -> bool:
    """Return whether nobody between us and a database can read or change what is sent."""
    named = url.query.get("host", ())
    hosts = (url.host or "", *((named,) if isinstance(named, str) else named))
    return url.query.get("sslmode") == "verify-full" or all(
        is_loopback(host) for each in hosts for host in each.split(",")
    )


DatabaseUrl = Annotated[str, AfterValidator(_database)]


def set_in_production(cls: type[BaseSettings], value: Any, others: ValidationInfo) -> Any:
    """Return the value of a setting; raise ``ValueError`` for its default in production."""
    default = cls.model_fields[str(others.field_name)].default
    if others.data.get("mode") == "production" and value == default:
        raise ValueError("must be set in production")
    return value


class Settings(KafkaSettings):
    """The settings of one service's process; each service derives its own from it."""

    model_config = SettingsConfigDict(validate_default=True)

    service: str
    port: Port = Field(0, validation_alias="<SERVICE>_PORT")
    database_url: DatabaseUrl = Field(
        default_factory=lambda data: sqlite_url(data["data_dir"], data["service"]),
        validation_alias=AliasChoices("<SERVICE>_DATABASE_URL", "DATABASE_URL"),
    )
    keyring_url: DatabaseUrl = Field(
        default_factory=lambda data: sqlite_url(data["data_dir"], "keyring"),
        validation_alias="KEYRING_DATABASE_URL",
    )
    keys_lost: bool = Field(False, validation_alias="KEYRING_KEYS_LOST")
    """Whether keys that the keyring lacks are lost for good, so that the service works without."""
    master_key: Annotated[SecretStr, AfterValidator(_master_key)] = Field(
        SecretStr(""), validation_alias="MOTCUA_MASTER_KEY"
    )
    record_keys: Annotated[SecretStr, AfterValidator(_record_keys)] = Field(
        SecretStr(""), validation_alias="MOTCUA_RECORD_KEYS"
    )
    """The first one proves records, all check them."""
    identity_jwks: Path | None = Field(None, validation_alias="IDENTITY_JWKS")
    log_level: Annotated[str, AfterValidator(checked_log_level)] = Field(
        "info", validation_alias="MOTCUA_LOG_LEVEL"
    )
    otlp_endpoint: str = Field("", validation_alias="OTEL_EXPORTER_OTLP_ENDPOINT")
    trace_file: Path | None = Field(None, validation_alias="MOTCUA_TRACE_FILE")
    metrics_port: Port = Field(0, validation_alias="<SERVICE>_METRICS_PORT")
    tls_port: Port = Field(0, validation_alias="<SERVICE>_TLS_PORT")
    tls_cert: Path | None = Field(
        None, validation_alias=AliasChoices("<SERVICE>_TLS_CERT", "MOTCUA_TLS_CERT")
    )
    tls_key: Path | None = Field(
        None, validation_alias=AliasChoices("<SERVICE>_TLS_KEY", "MOTCUA_TLS_KEY")
    )
    tls_client_ca: Path | None = Field(
        None, validation_alias=AliasChoices("<SERVICE>_TLS_CLIENT_CA", "MOTCUA_TLS_CLIENT_CA")
    )
    """Whose certificates clients must show; None: they need none."""
    call_rate_person: CallRate = Field(
        CallLimits.person,
        validation_alias=AliasChoices("<SERVICE>_CALL_RATE_PERSON", "MOTCUA_CALL_RATE_PERSON"),
    )
    call_rate_address: CallRate = Field(
        CallLimits.address,
        validation_alias=AliasChoices("<SERVICE>_CALL_RATE_ADDRESS", "MOTCUA_CALL_RATE_ADDRESS"),
    )
    call_rate_program: CallRate = Field(
        CallLimits.program,
        validation_alias=AliasChoices("<SERVICE>_CALL_RATE_PROGRAM", "MOTCUA_CALL_RATE_PROGRAM"),
    )
    calls_at_once: int = Field(
        CallLimits.calls_at_once,
        ge=1,
        validation_alias=AliasChoices("<SERVICE>_CALLS_AT_ONCE", "MOTCUA_CALLS_AT_ONCE"),
    )
    streams_at_once: int = Field(
        CallLimits.streams_at_once,
        ge=1,
        validation_alias=AliasChoices("<SERVICE>_STREAMS_AT_ONCE", "MOTCUA_STREAMS_AT_ONCE"),
    )
    quarantine_share: float = Field(
        QuarantineBounds.share, ge=0, le=1, validation_alias="MOTCUA_QUARANTINE_SHARE"
    )
    quarantine_least: int = Field(
        QuarantineBounds.least, ge=1, validation_alias="MOTCUA_QUARANTINE_LEAST"
    )
    quarantine_run: int = Field(
        QuarantineBounds.run, ge=1, validation_alias="MOTCUA_QUARANTINE_RUN"
    )

    @property
    def clear_host(self) -> str:
        """Where the listener without TLS is."""
        return clear_host(self.host, tls=bool(self.tls_port))

    @property
    def call_limits(self) -> CallLimits:
        """How much one caller may call."""
        return CallLimits(
            self.call_rate_person,
            self.call_rate_address,
            self.call_rate_program,
            self.calls_at_once,
            self.streams_at_once,
        )

    @property
    def quarantine_bounds(self) -> QuarantineBounds:
        """How many records may be quarantined before the service stops reading."""
        return QuarantineBounds(self.quarantine_share, self.quarantine_least, self.quarantine_run)

    @field_validator("clock")
    @classmethod
    def _real_in_production(cls, clock: str, others: ValidationInfo) -> str:
        if others.data.get("mode") == "production" and clock != "real":
            raise ValueError("only real time is allowed in production")
        return clock

    @field_validator("database_url", "keyring_url")
    @classmethod
    def _database_not_in_the_clear(cls, text: str, others: ValidationInfo) -> str:
        if others.data.get("mode") == "production" and text and not _is_safe(make_url(text)):
            rule = "must have sslmode=verify-full in production"
            raise ValueError(f"{rule}, since its host is not this machine")
        return text

    @field_validator("tls_port")
    @classmethod
    def _serves_in_the_clear_here_only(cls, port: int, others: ValidationInfo) -> int:
        elsewhere = not is_loopback(others.data.get("host", ""))
        if others.data.get("mode") == "production" and elsewhere and not port:
            raise ValueError("must be set in production, since MOTCUA_HOST is not this machine")
        return port

    @field_validator("tls_cert", "tls_key")
    @classmethod
    def _whole(cls, file: Path | None, others: ValidationInfo) -> Path | None:
        cert = others.data.get("tls_cert")
        if file is None and (others.data.get("tls_port") or cert):
            raise ValueError("must be set, since a TLS port or a certificate is")
        if file is not None and cert is not None:
            check_key(cert, file, "the certificate")
        return file

    @field_validator("tls_client_ca")
    @classmethod
    def _holds_client_authorities(cls, file: Path | None) -> Path | None:
        if file is not None:
            check_authorities(file)
        return file

    # Their defaults are those of development, so they are validated, too.
    _set_in_production = field_validator(
        "master_key", "record_keys", "identity_jwks", "identity_issuer"
    )(set_in_production)
