"""Where the office's own procedures are published."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

FOLDER: Final = "procedures"
"""Of the published procedures below the data folder, unless a setting names another."""


def shelf_folder(data_dir: Path) -> Path:
    """Return MOTCUA_PROCEDURES_DIR, or the folder ``procedures`` of the data folder."""
    named = os.environ.get("MOTCUA_PROCEDURES_DIR", "")
    return Path(named) if named else data_dir / FOLDER
