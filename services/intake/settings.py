"""The settings of intake."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from kernel.config.environment import Port, read_by
from kernel.config.settings import Settings
from office.ledger import LedgerSettings
from office.ports import PORTS
from office.settings import (
    CalendarSettings,
    FormSettings,
    PeopleSettings,
    ProcedureSettings,
    portal_address,
)
from office.worktime.warning_rule import WarningRule
from services.intake.domain.desk_check import CHECK_WARNING


class IntakeSettings(
    PeopleSettings,
    CalendarSettings,
    ProcedureSettings,
    FormSettings,
    LedgerSettings,
    Settings,
):
    """All variables of intake."""

    service: str = "intake"
    port: Port = Field(PORTS["intake"], validation_alias="INTAKE_PORT")
    check_warning: Annotated[WarningRule, read_by(WarningRule.parse)] = Field(
        CHECK_WARNING, validation_alias="INTAKE_CHECK_WARNING"
    )
    """When it warns of dossiers that nobody has checked, such as 4wh, 75% or none."""
    portal_url: Annotated[str, read_by(portal_address)] = Field(
        "", validation_alias="INTAKE_PORTAL_URL"
    )
    """Where a citizen looks a dossier up, for the forms; empty: their QR code is the dossier's."""
