"""Settings of the catalogue: the folder in which the office's own procedures are published."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

FOLDER: Final = "procedures"
"""The default folder of releases, below the data folder."""


def releases_folder(data_dir: Path) -> Path:
    """Return the folder of releases: MOTCUA_PROCEDURES_DIR, or ``procedures`` in the data
    folder.
    """
    named = os.environ.get("MOTCUA_PROCEDURES_DIR", "")
    return Path(named) if named else data_dir / FOLDER
