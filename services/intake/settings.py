"""What only intake is told from outside: where the shelf of procedures is, and when it is warned of
dossiers that the desk has not checked.
"""

from __future__ import annotations

import os
from pathlib import Path

from services.intake.checks import CHECK_WARNING
from services.intake.procedures.shelf import FOLDER
from services.kernel.warning import WarningRule


def shelf_folder(data_dir: Path) -> Path:
    """Give MOTCUA_PROCEDURES_DIR, or the folder ``procedures`` of the data folder."""
    named = os.environ.get("MOTCUA_PROCEDURES_DIR", "")
    return Path(named) if named else data_dir / FOLDER


def check_warning() -> WarningRule:
    """Read INTAKE_CHECK_WARNING, such as 4wh, 75% or none; raises ``ValueError`` naming it."""
    text = os.environ.get("INTAKE_CHECK_WARNING", "")
    try:
        return WarningRule.parse(text) if text else CHECK_WARNING
    except ValueError as error:
        raise ValueError(f"INTAKE_CHECK_WARNING: {error}") from error
