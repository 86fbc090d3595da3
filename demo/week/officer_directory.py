"""The officers of the week, and the office's directory of them: their names, their addresses,
and the day on which the heads are away.
"""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path

from cli.options import OFFICE
from kernel.base.instants import local_date
from office.catalogue.data_files import UNITS

POSTS = {
    "receptionist": "mc",
    "specialist": "cv",
    "head": "tp",
    "leader": "ld",
    "clerk": "vt",
    "accountant": "kt",
}
"""Each unit has one officer for each role, who has no other; by what their ids begin with."""
HEADS_AWAY = date(2021, 8, 11)
"""On this Wednesday every head is away, and the leader of the unit stands in."""
DOMAIN = "canbo.example"
_FAMILIES = (
    "Nguyễn Văn",
    "Trần Thị",
    "Lê Quang",
    "Phạm Thu",
    "Hoàng Đức",
    "Vũ Thị",
    "Đặng Hữu",
    "Bùi Thanh",
    "Lò Văn",
    "Giàng Thị",
)
_GIVEN = ("An", "Bình", "Giang", "Hà", "Hạnh", "Minh", "Tâm", "Xuân")


def id_of(unit: str, role: str) -> str:
    """Return the id of the officer of a unit and role."""
    return f"{POSTS[role]}.{unit}"


def address_of(unit: str, role: str, at: int) -> str:
    """Return the address at which a role of a unit is reached at an instant."""
    away = role == "head" and local_date(at, OFFICE) == HEADS_AWAY
    return f"{id_of(unit, 'leader' if away else role)}@{DOMAIN}"


def write_directory(path: Path) -> None:
    """Write the directory of all units' officers."""
    rows = tomllib.loads(UNITS.read_text("utf-8"))["unit"]
    posts = [(row["code"], role) for row in rows for role in POSTS]
    officers = [_officer(*post, full_name(number)) for number, post in enumerate(posts)]
    path.write_text("\n".join([f'units = "{UNITS}"\n', *officers]), "utf-8")


def full_name(number: int) -> str:
    """Return an officer by the place in the directory, from 0; the first 80 names differ."""
    cycle, family = divmod(number, len(_FAMILIES))
    return f"{_FAMILIES[family]} {_GIVEN[(family + 3 * cycle) % len(_GIVEN)]}"


def _officer(unit: str, role: str, name: str) -> str:
    named = id_of(unit, role)
    lines = [
        "[[officer]]",
        f'id = "{named}"',
        f'name = "{name}"',
        f'unit = "{unit}"',
        f'roles = ["{role}"]',
        f'email = "{named}@{DOMAIN}"',
    ]
    if role == "head":
        lines += [
            "[[officer.absence]]",
            f"first = {HEADS_AWAY}",
            f"last = {HEADS_AWAY}",
            f'substitute = "{id_of(unit, "leader")}"',
        ]
    return "\n".join([*lines, ""])
