"""Who takes a procedure on a day, while units are merged."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from office.catalogue.model import CatalogueUnit, UnitLevel, build_catalogue
from office.catalogue.responsible_unit import DissolvedUnit, ResponsibleUnits
from office.catalogue.unit_overlay import UnitOverlay
from office.people import directory
from office.people.directory import Directory
from tests.support.intake_samples import procedure

LAST, NEXT, LATER = date(2021, 8, 10), date(2021, 8, 11), date(2022, 1, 1)
COMMUNE, DISTRICT = UnitLevel.COMMUNE, UnitLevel.DISTRICT
UNITS = (
    CatalogueUnit("H22", "Tỉnh", "Province", UnitLevel.PROVINCE),
    CatalogueUnit("H22.12", "Huyện", "District", DISTRICT, valid_to=LAST, successor="H22.70"),
    CatalogueUnit("H22.12.03", "Xã A", "Commune A", COMMUNE),
    CatalogueUnit(
        "H22.70", "Huyện mới", "New", DISTRICT, NEXT, date(2021, 12, 31), successor="H22.80"
    ),
    CatalogueUnit("H22.80", "Huyện sau", "Later", DISTRICT, LATER),
    CatalogueUnit("H22.90", "Sở", "Department", UnitLevel.PROVINCE, valid_to=LAST),
    CatalogueUnit("H22.91", "Xã B", "Commune B", COMMUNE),
)
VERSIONS = [
    procedure("1.000001", unit="H22.12"),
    procedure("1.000002", unit="H22", units=("H22.12", "commune")),
    procedure("1.000003", unit="H22.90"),
]


def takers(day: date) -> ResponsibleUnits:
    return ResponsibleUnits(build_catalogue(UNITS, [], VERSIONS, "00000000"), day)


@pytest.mark.parametrize(
    ("unit", "day", "expected"),
    [
        ("H22.12", LAST, ["1.000001", "1.000002"]),
        ("H22.12.03", LAST, ["1.000002"]),
        ("H22.70", LAST, []),
        ("H22.12", NEXT, []),
        ("H22.12.03", NEXT, []),
        ("H22.70", NEXT, ["1.000001", "1.000002"]),
        ("H22.70", LATER, []),
        ("H22.80", NEXT, []),
        ("H22.80", LATER, ["1.000001", "1.000002"]),
        ("H22.90", LAST, ["1.000003"]),
        ("H22.90", NEXT, []),
        ("H22.91", LATER, ["1.000002"]),
        ("H99", NEXT, []),
    ],
)
def test_a_successor_takes_what_the_dissolved_unit_took(
    unit: str, day: date, expected: list[str]
) -> None:
    """From the day after the last one, down the line of successors; nobody before the first day."""
    on = takers(day)
    assert [it.code for it in on.offered(unit)] == expected
    assert [it.code for it in VERSIONS if on.takes(it, unit)] == expected


@pytest.mark.parametrize(
    ("unit", "day", "expected"),
    [
        ("H22.12", LAST, None),
        ("H22.12", NEXT, DissolvedUnit("H22.12", LAST, "H22.70")),
        ("H22.12", LATER, DissolvedUnit("H22.12", LAST, "H22.80")),
        ("H22.12.03", NEXT, DissolvedUnit("H22.12.03", LAST, "H22.70")),
        ("H22.90", NEXT, DissolvedUnit("H22.90", LAST, "")),
        ("H99", NEXT, None),
        ("", NEXT, None),
    ],
)
def test_a_dissolved_unit_is_told_with_its_successor(
    unit: str, day: date, expected: DissolvedUnit | None
) -> None:
    """A unit goes with the one above it, and may have no successor."""
    assert takers(day).dissolved(unit) == expected


@pytest.mark.parametrize(
    ("day", "units"),
    [
        (LAST, [("H22.12", []), ("H22", ["H22.12", "commune"])]),
        (NEXT, [("H22.70", []), ("H22", ["H22.70", "commune"])]),
        (LATER, [("H22.80", []), ("H22", ["H22.80", "commune"])]),
    ],
)
def test_a_procedure_names_those_who_take_it_now(
    day: date, units: list[tuple[str, list[str]]]
) -> None:
    """Successors instead of dissolved units, also where a level meant them."""
    on = takers(day)
    assert [(on.unit_of(it), on.units_of(it)) for it in VERSIONS[:2]] == units


def test_a_successor_of_another_level_is_named() -> None:
    """A district that a commune became part of takes what communes take."""
    gone = CatalogueUnit(
        "H22.92", "Xã C", "Commune C", COMMUNE, valid_to=LAST, successor="H22.91.1"
    )
    successor = CatalogueUnit("H22.91.1", "Huyện D", "District D", DISTRICT)
    on = ResponsibleUnits(build_catalogue((*UNITS, gone, successor), [], VERSIONS, "0"), NEXT)
    assert on.units_of(VERSIONS[1]) == ["H22.70", "commune", "H22.91.1"]
    assert on.takes(VERSIONS[1], "H22.91.1")


def test_the_directory_takes_precedence_for_a_unit() -> None:
    """Its days, successors and new units; former codes and English names stay the catalogue's."""
    shipped = CatalogueUnit(
        "H22.12", "Huyện", "District", DISTRICT, None, None, "000.00.12.H22", LAST
    )
    people = {
        it.code: it
        for it in (
            directory.DirectoryUnit("H22.12", "Huyện cũ", "", None, LAST, "H22.60"),
            directory.DirectoryUnit("H22.60", "Xã mới", "commune", NEXT),
        )
    }
    base = build_catalogue([shipped, UNITS[0]], [], VERSIONS, "00000000")
    now = [Directory(people, {})]
    units = UnitOverlay(lambda: now[0])

    joined = units.of(base).units
    assert joined["H22"] is UNITS[0]
    old = CatalogueUnit(
        "H22.12", "Huyện cũ", "District", DISTRICT, None, LAST, "000.00.12.H22", LAST
    )
    assert joined["H22.12"] == replace(old, successor="H22.60")
    assert joined["H22.60"] == CatalogueUnit("H22.60", "Xã mới", "Xã mới", COMMUNE, NEXT)
    assert units.of(base) is units.of(base)

    now[0] = Directory({}, {})
    assert units.of(base).units == base.units


def _values(unit: CatalogueUnit) -> dict[str, object]:
    return {name: getattr(unit, name) for name in CatalogueUnit.__slots__}
