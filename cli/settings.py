"""The settings of the commands."""

from __future__ import annotations

import typer
from pydantic import Field

from cli.printer import fail
from kernel.config.client_settings import ClientSettings
from kernel.config.environment import Port, SettingsError, load
from kernel.config.kafka_settings import KafkaSettings
from office.ports import PORTS
from office.settings import CalendarSettings, PeopleSettings, ProcessSettings


class CliSettings(ClientSettings, PeopleSettings, CalendarSettings, ProcessSettings, KafkaSettings):
    """All variables of the commands and of the local stack."""

    token: str = Field("", validation_alias="MOTCUA_TOKEN")
    operator: str = Field("", validation_alias="MOTCUA_OPERATOR")
    kafka: str = Field("", validation_alias="KAFKA_BOOTSTRAP_SERVERS")
    """Empty where the stack runs a broker of its own, as ``smtp_host`` is for the mail sink."""
    kafka_port: Port = Field(29092, validation_alias="KAFKA_PORT")
    smtp_host: str = Field("", validation_alias="SMTP_HOST")
    smtp_port: Port = Field(2525, validation_alias="SMTP_PORT")
    intake_port: Port = Field(PORTS["intake"], validation_alias="INTAKE_PORT")
    routing_port: Port = Field(PORTS["routing"], validation_alias="ROUTING_PORT")
    postal_port: Port = Field(PORTS["postal"], validation_alias="POSTAL_PORT")
    notify_port: Port = Field(PORTS["notify"], validation_alias="NOTIFY_PORT")
    audit_port: Port = Field(PORTS["audit"], validation_alias="AUDIT_PORT")
    intake_tls_port: Port = Field(0, validation_alias="INTAKE_TLS_PORT")
    routing_tls_port: Port = Field(0, validation_alias="ROUTING_TLS_PORT")
    postal_tls_port: Port = Field(0, validation_alias="POSTAL_TLS_PORT")
    notify_tls_port: Port = Field(0, validation_alias="NOTIFY_TLS_PORT")
    audit_tls_port: Port = Field(0, validation_alias="AUDIT_TLS_PORT")
    web_port: Port = Field(PORTS["web"], validation_alias="WEB_PORT")
    """0 where the stack serves no web pages."""
    replay_webhook_secret: str = Field("", validation_alias="REPLAY_WEBHOOK_SECRET", repr=False)
    malloc_arena_max: str = Field("2", validation_alias="MALLOC_ARENA_MAX")
    """Two arenas are enough for a handful of threads; the C library's default of eight a core only
    spreads the heap.
    """


def settings() -> CliSettings:
    """Return the settings of the environment; end the command with status 2 and all that is wrong
    when they can't be used.
    """
    try:
        return load(CliSettings)
    except SettingsError as error:
        fail(str(error))
        raise typer.Exit(2) from error
