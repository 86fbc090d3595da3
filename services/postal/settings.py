"""The settings of postal."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from kernel.base.instants import HOUR
from kernel.config.environment import Port, read_by
from kernel.config.settings import Settings
from office.ledger import LedgerSettings
from office.ports import PORTS
from office.settings import CalendarSettings, PeopleSettings


def _hours(text: str) -> float:
    try:
        hours = float(text)
    except ValueError:
        hours = 0
    if not 0 < hours <= 24 * 365:
        raise ValueError(f"must be a number of hours above 0, got {text!r}")
    return hours


class PostalSettings(PeopleSettings, CalendarSettings, LedgerSettings, Settings):
    """All variables of postal."""

    service: str = "postal"
    port: Port = Field(PORTS["postal"], validation_alias="POSTAL_PORT")
    partners: Path | None = Field(None, validation_alias="POSTAL_PARTNERS")
    """The file of the office's postal partners."""
    lease_hours: Annotated[float, read_by(_hours)] = Field(
        24.0, validation_alias="POSTAL_LEASE_HOURS"
    )
    """Hours of the office's time that a partner has for its first report."""

    @property
    def lease(self) -> int:
        """The hours of a lease in microseconds."""
        return int(self.lease_hours * HOUR)
