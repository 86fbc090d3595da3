"""The settings of audit."""

from __future__ import annotations

from pydantic import Field

from kernel.config.environment import Port
from kernel.config.settings import Settings
from office.ports import PORTS
from office.settings import CalendarSettings, PeopleSettings


class AuditSettings(CalendarSettings, PeopleSettings, Settings):
    """All variables of audit."""

    service: str = "audit"
    port: Port = Field(PORTS["audit"], validation_alias="AUDIT_PORT")
