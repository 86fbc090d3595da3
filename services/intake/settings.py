"""What only intake is told from outside: where the shelf of procedures is."""

from __future__ import annotations

import os
from pathlib import Path

from services.intake.procedures.shelf import FOLDER


def shelf_folder(data_dir: Path) -> Path:
    """Give MOTCUA_PROCEDURES_DIR, or the folder ``procedures`` of the data folder."""
    named = os.environ.get("MOTCUA_PROCEDURES_DIR", "")
    return Path(named) if named else data_dir / FOLDER
