"""The officers of the week, and the office's directory of them: their names, their addresses,
and the day on which the heads are away.
"""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path

from services.intake.catalogue_files import UNITS
from services.kernel.instants import local_date
from services.ops.arguments import OFFICE

POSTS = {
    "receptionist": "mc",
    "specialist": "cv",
    "head": "tp",
    "leader": "ld",
    "clerk": "vt",
    "accountant": "kt",
}
"""Each unit has one officer for each role, who has no other; by what their names begin with."""
HEADS_AWAY = date(2021, 8, 11)
"""On this Wednesday every head is away, and the leader of the unit stands in."""
DOMAIN = "canbo.example"


def name_of(unit: str, role: str) -> str:
    """Name the officer of a unit and role."""
    return f"{POSTS[role]}.{unit}"


def address_of(unit: str, role: str, at: int) -> str:
    """Give the address at which a role of a unit is reached at an instant."""
    away = role == "head" and local_date(at, OFFICE) == HEADS_AWAY
    return f"{name_of(unit, 'leader' if away else role)}@{DOMAIN}"


def write_directory(path: Path) -> None:
    """Write the directory of all units' officers."""
    rows = tomllib.loads(UNITS.read_text("utf-8"))["unit"]
    officers = [_officer(row["code"], role) for row in rows for role in POSTS]
    path.write_text("\n".join([f'units = "{UNITS}"\n', *officers]), "utf-8")


def _officer(unit: str, role: str) -> str:
    name = name_of(unit, role)
    lines = [
        "[[officer]]",
        f'id = "{name}"',
        f'name = "{name}"',
        f'unit = "{unit}"',
        f'roles = ["{role}"]',
        f'email = "{name}@{DOMAIN}"',
    ]
    if role == "head":
        lines += [
            "[[officer.absence]]",
            f"first = {HEADS_AWAY}",
            f"last = {HEADS_AWAY}",
            f'stand_in = "{name_of(unit, "leader")}"',
        ]
    return "\n".join([*lines, ""])
