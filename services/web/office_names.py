"""The names of units and of fields of administration, for pages that have their codes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from kernel.messages.catalogue import BilingualText, FixedText
from office.catalogue.loader import shipped_catalogue
from office.catalogue.model import CatalogueUnit
from office.catalogue.unit_overlay import overlaid_units
from office.people.files import read_directory
from office.permissions import shipped

NO_NAME = FixedText("", "")


class OfficeNames:
    """The catalogue's units, and over them those of the directory of people, if there is one."""

    def __init__(self, people: Path | None) -> None:
        """Raise ``ValueError`` for a directory that can't be read."""
        catalogue = shipped_catalogue()
        own = read_directory(people, shipped().roles).units if people else {}
        self._units: Mapping[str, CatalogueUnit] = overlaid_units(catalogue.units, own)
        self._fields = {
            field.code: FixedText(field.name_vi, field.name_en)
            for field in catalogue.fields.values()
        }

    def unit(self, code: str) -> CatalogueUnit | None:
        """Return a unit; None for one that nobody has named."""
        return self._units.get(code)

    def unit_name(self, code: str) -> BilingualText:
        """Return a unit's name; empty for one that nobody has named."""
        unit = self._units.get(code)
        return FixedText(unit.name_vi, unit.name_en) if unit else NO_NAME

    def field(self, code: str) -> BilingualText:
        """Return the name of a field of administration; empty for an unknown one."""
        return self._fields.get(code, NO_NAME)
