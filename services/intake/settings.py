"""The settings of intake."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import AfterValidator, Field

from kernel.config.environment import Port, read_by
from kernel.config.settings import Settings
from kernel.confined.clamd import clamd_address
from kernel.files.folder_store import folder_of
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
from services.intake.domain.file_rules import MB, FileLimits

LIMITS: Final = FileLimits()


def _folder_url(url: str) -> str:
    folder_of(url)
    return url


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
    files_url: Annotated[str, AfterValidator(_folder_url)] = Field(
        default_factory=lambda data: (data["data_dir"] / "files").absolute().as_uri(),
        validation_alias="FILES_URL",
    )
    """Where the content of files is kept."""
    file_max_mb: int = Field(LIMITS.file // MB, ge=1, le=4096, validation_alias="FILE_MAX_MB")
    dossier_files_max_mb: int = Field(
        LIMITS.dossier // MB, ge=1, validation_alias="DOSSIER_FILES_MAX_MB"
    )
    uploads_max_mb: int = Field(LIMITS.caller // MB, ge=1, validation_alias="UPLOADS_MAX_MB")
    scanner_address: Annotated[str, read_by(clamd_address)] = Field(
        "", validation_alias="SCANNER_ADDRESS"
    )
    """Where ClamAV's daemon is; empty: nothing is scanned."""
    portal_url: Annotated[str, read_by(portal_address)] = Field(
        "", validation_alias="INTAKE_PORTAL_URL"
    )
    """Where a citizen looks a dossier up, for the forms; empty: their QR code is the dossier's."""

    @property
    def file_limits(self) -> FileLimits:
        """How much may be handed in."""
        return FileLimits(
            self.file_max_mb * MB, self.dossier_files_max_mb * MB, self.uploads_max_mb * MB
        )
