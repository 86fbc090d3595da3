"""Where the catalogue's own files are: the procedures and the units that ship."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_DATA: Final = Path(__file__).with_name("data")
PROCEDURES: Final = _DATA / "procedures.toml"
UNITS: Final = _DATA / "units.toml"
