"""The settings of the web pages."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from kernel.config.call_limits import CallRate
from kernel.config.client_settings import ClientSettings
from kernel.config.environment import Port
from kernel.config.loopback import LOOPBACK, is_loopback
from kernel.config.settings import checked_log_level
from office.ports import PORTS
from office.settings import PeopleSettings


class WebSettings(ClientSettings, PeopleSettings):
    """All variables of the web pages."""

    service: str = "web"
    port: Port = Field(PORTS["web"], validation_alias="WEB_PORT")
    listen: str = Field(LOOPBACK, validation_alias="WEB_HOST")
    """Where it listens. A reverse proxy on this machine speaks TLS to citizens."""
    intake_port: Port = Field(PORTS["intake"], validation_alias="INTAKE_PORT")
    intake_tls_port: Port = Field(0, validation_alias="INTAKE_TLS_PORT")
    page_rate: CallRate = Field("300/5second", validation_alias="WEB_PAGE_RATE")
    """Pages that one network address may ask for."""
    log_level: Annotated[str, AfterValidator(checked_log_level)] = Field(
        "info", validation_alias="MOTCUA_LOG_LEVEL"
    )

    @field_validator("listen")
    @classmethod
    def _not_in_the_clear(cls, host: str, others: ValidationInfo) -> str:
        if others.data.get("mode") == "production" and not is_loopback(host):
            raise ValueError(
                "must be this machine in production: a reverse proxy on it speaks TLS to citizens"
            )
        return host
