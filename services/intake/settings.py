"""The settings that only intake has: when it warns of dossiers that nobody has checked."""

from __future__ import annotations

import os

from office.worktime.warning_rule import WarningRule
from services.intake.domain.desk_check import CHECK_WARNING


def check_warning() -> WarningRule:
    """Read INTAKE_CHECK_WARNING, such as 4wh, 75% or none; raise ``ValueError`` naming it."""
    text = os.environ.get("INTAKE_CHECK_WARNING", "")
    try:
        return WarningRule.parse(text) if text else CHECK_WARNING
    except ValueError as error:
        raise ValueError(f"INTAKE_CHECK_WARNING: {error}") from error
