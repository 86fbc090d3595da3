"""The settings of routing."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from kernel.config.environment import Port
from kernel.config.settings import Settings
from office.ledger import LedgerSettings
from office.ports import PORTS
from office.settings import CalendarSettings, PeopleSettings, ProcessSettings


class RoutingSettings(PeopleSettings, CalendarSettings, ProcessSettings, LedgerSettings, Settings):
    """All variables of routing."""

    service: str = "routing"
    port: Port = Field(PORTS["routing"], validation_alias="ROUTING_PORT")
    escalation_policies: Path | None = Field(None, validation_alias="ROUTING_ESCALATION_POLICIES")
    """The file of the office's own escalation policies."""
