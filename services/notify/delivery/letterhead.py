"""What the office says of itself in a letter: where its counter is, who signs, where to look up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from office.catalogue.known_units import known_units
from office.people.directory import Directory, responsible_unit
from services.notify.domain.officer_messages import UNITS

_LEADER: Final = "leader"


@dataclass(frozen=True, slots=True)
class Letterhead:
    """Each is empty where it is not known."""

    portal: str = ""
    """The address of the portal on which a citizen looks a dossier up."""
    address: str = ""
    """Where the counter of the dossier's unit is."""
    phone: str = ""
    signer: str = ""
    """The name of the officer who signed."""
    leader: str = ""
    """The name of the one who leads the dossier's unit."""


def letterhead(
    portal: str, unit: str, signer: str, people: Directory | None, day: date
) -> Letterhead:
    """Return what is known on a day; ``signer`` is an officer's id, empty for none."""
    units = known_units(people)
    place = units.get(responsible_unit(unit, units, day))
    officers = people.officers if people else {}
    leaders = people.holders(unit, _LEADER, day) if people else []
    return Letterhead(
        portal,
        place.address if place else "",
        place.phone if place else "",
        officers[signer].name if signer in officers else "",
        leaders[0].name if leaders else "",
    )


def with_unit_names(values: Mapping[str, str], people: Directory | None) -> dict[str, str]:
    """Return the values of a message with names for the codes of units."""
    units = known_units(people)
    codes = {place: values[place] for place in UNITS if values.get(place) in units}
    return {**values, **{place: units[code].name for place, code in codes.items()}}
