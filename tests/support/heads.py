"""The officers of ``letters.ESCALATED`` in a directory of people, for tests of notify."""

from collections.abc import Mapping
from pathlib import Path

from tests.support.letters import SUONG, TU

NAMES = {TU: "Lý Quốc Tú", SUONG: "Vương Thị Sương"}
ADDRESSES = {TU: "tu@hagiang.example", SUONG: "suong@hagiang.example"}
_UNIT = '[[unit]]\ncode = "H22.02"\nname_vi = "Sở Công Thương"\n'


def write_directory(
    folder: Path, addresses: Mapping[str, str], names: Mapping[str, str] = NAMES
) -> str:
    """Write a directory in which the heads have these addresses, none where it is empty; return its
    path.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "units.toml").write_text(_UNIT, "utf-8")
    officers = [
        f'[[officer]]\nid = "{name}"\nname = "{names[name]}"\nunit = "H22.02"\nroles = ["head"]\n'
        f'email = "{address}"\n'
        for name, address in addresses.items()
    ]
    path = folder / "people.toml"
    fresh = folder / "people.new"
    fresh.write_text("\n".join(['units = "units.toml"', *officers]), "utf-8")
    fresh.replace(path)
    return str(path)
