"""Units, their successors, and who can be given which work on which day."""

from __future__ import annotations

from datetime import date

import pytest

from office.people.directory import (
    Absence,
    Directory,
    DirectoryUnit,
    Officer,
    answers_for,
    below,
    responsible_unit,
)

LAST = date(2025, 6, 30)
"""The last day of the districts."""
UNITS = {
    unit.code: unit
    for unit in (
        DirectoryUnit("H22", "Tỉnh"),
        DirectoryUnit("H22.12", "Huyện", valid_to=LAST, successor="H22.70"),
        DirectoryUnit("H22.12.03", "Xã A", valid_to=LAST, successor="H22.70"),
        DirectoryUnit("H22.12.04", "Xã B"),
        DirectoryUnit("H22.13", "Huyện khác"),
        DirectoryUnit("H22.13.01", "Xã C", valid_to=LAST, successor="H22.70"),
        DirectoryUnit("H22.70", "Xã mới", valid_from=date(2025, 7, 1), valid_to=date(2030, 1, 1),
             successor="H22.80"),
        DirectoryUnit("H22.80", "Xã sau", valid_from=date(2030, 1, 2)),
    )
}  # fmt: skip


@pytest.mark.parametrize(
    ("unit", "day", "expected"),
    [
        ("H22.12", LAST, "H22.12"),
        ("H22.12", date(2025, 7, 1), "H22.70"),
        ("H22.12.03", date(2025, 7, 1), "H22.70"),
        ("H22.12.04", date(2025, 7, 1), "H22.70"),
        ("H22.12", date(2030, 1, 1), "H22.70"),
        ("H22.12", date(2030, 1, 2), "H22.80"),
        ("H22", date(2030, 1, 2), "H22"),
        ("H99.1", date(2030, 1, 2), "H99.1"),
        ("", date(2030, 1, 2), ""),
    ],
)
def test_work_passes_on_after_the_last_day(unit: str, day: date, expected: str) -> None:
    """Until its last day a unit does its own work; then its successor, and that one's successor."""
    assert responsible_unit(unit, UNITS, day) == expected


@pytest.mark.parametrize(
    ("unit", "own", "day", "expected"),
    [
        ("H22.12", "H22.70", LAST, False),
        ("H22.12", "H22.70", date(2025, 7, 1), True),
        ("H22.12.04", "H22.70", date(2025, 7, 1), True),
        ("H22.70", "H22.12", date(2025, 7, 1), False),
        ("H22.12", "H22.12", LAST, True),
        ("H22.12", "H22.12", date(2025, 7, 1), False),
        ("H22.12.03", "H22.12", date(2025, 7, 1), False),
        ("H22.12.04", "H22.12", date(2025, 7, 1), False),
        ("H22.12.04", "H22.12.04", date(2025, 7, 1), False),
        ("H22.12", "H22", date(2025, 7, 1), True),
        ("H22.70", "H22.70", date(2030, 1, 2), False),
        ("H22.13.01", "H22.13", LAST, True),
        ("H22.13.01", "H22.13", date(2025, 7, 1), False),
        ("H22.13.01", "H22.70", date(2025, 7, 1), True),
        ("H99.1", "H99", date(2030, 1, 2), True),
        ("H22.12", "H22", LAST, True),
        ("H22.12", "H22.1", LAST, False),
        ("H22.12", "", LAST, False),
    ],
)
def test_officers_answer_for_what_passed_to_their_unit(
    unit: str, own: str, day: date, expected: bool
) -> None:
    """History stays with the old unit's code, and the successor's officers work on."""
    assert answers_for(unit, own, UNITS, day) == expected


def test_a_cycle_of_successors_ends() -> None:
    """Units that name each other, which no file may, still give an answer."""
    units = {
        "A": DirectoryUnit("A", "", valid_to=LAST, successor="B"),
        "B": DirectoryUnit("B", "", valid_to=LAST, successor="A"),
    }
    assert responsible_unit("A", units, date(2026, 1, 1)) in units


def test_below_goes_part_by_part() -> None:
    """H22.1 is not above H22.12."""
    assert below("H22.12", "H22")
    assert not below("H22.12", "H22.1")


AWAY = Absence(date(2021, 8, 9), date(2021, 8, 13), "binh")
DIRECTORY = Directory(
    UNITS,
    {
        it.id: it
        for it in (
            Officer("an", "An", "H22.12", frozenset({"specialist"}), absences=(AWAY,)),
            Officer("binh", "Bình", "H22.12", frozenset({"head"}), date(2021, 1, 1), LAST),
            Officer("sep", "Sếp", "H22", frozenset({"leader", "specialist"})),
        )
    },
)


@pytest.mark.parametrize(
    ("officer", "unit", "role", "day", "code"),
    [
        ("an", "H22.12", "specialist", date(2021, 8, 8), ""),
        ("an", "H22.12.03", "specialist", date(2021, 8, 14), ""),
        ("sep", "H22.12", "specialist", date(2021, 8, 9), ""),
        ("an", "H22.12", "", date(2021, 8, 8), ""),
        ("an", "H22.12", "specialist", date(2021, 8, 9), "OFFICER_AWAY"),
        ("an", "H22.12", "specialist", date(2021, 8, 13), "OFFICER_AWAY"),
        ("an", "H22.12", "head", date(2021, 8, 8), "OFFICER_LACKS_ROLE"),
        ("an", "H22", "specialist", date(2021, 8, 8), "OFFICER_OF_ANOTHER_UNIT"),
        ("binh", "H22.12", "head", date(2020, 12, 31), "NO_SUCH_OFFICER"),
        ("binh", "H22.12", "head", date(2025, 7, 1), "NO_SUCH_OFFICER"),
        ("nobody", "H22.12", "head", date(2021, 8, 8), "NO_SUCH_OFFICER"),
    ],
)
def test_who_can_be_given_work(officer: str, unit: str, role: str, day: date, code: str) -> None:
    """In service, of the unit or one above it, with the role, and not away."""
    assert DIRECTORY.obstacle_to_work(officer, unit, role, day)[0] == code


def test_who_is_away_names_the_substitute() -> None:
    """Whoever gives out work is told until when, and who stands in."""
    _, details = DIRECTORY.obstacle_to_work("an", "H22.12", "specialist", date(2021, 8, 9))
    assert details == {"officer": "an", "last": "13/08/2021", "substitute": "binh"}


def test_holders_of_a_role_are_those_in_service_in_the_unit_or_its_successor() -> None:
    """By id, away or not; those above, below, of another role or no longer there are not meant."""
    heads = frozenset({"head"})
    everybody = [
        Officer("c", "C", "H22.70", heads),
        Officer("b", "B", "H22.70", heads, absences=(Absence(LAST, date(2025, 7, 9)),)),
        Officer("a", "A", "H22.70", heads | {"leader"}, valid_from=date(2025, 7, 2)),
        Officer("d", "D", "H22.70", frozenset({"leader"})),
        Officer("e", "E", "H22", heads),
        Officer("f", "F", "H22.12", heads, valid_to=LAST),
    ]
    people = Directory(UNITS, {officer.id: officer for officer in everybody})

    def ids(unit: str, day: date) -> list[str]:
        return [officer.id for officer in people.holders(unit, "head", day)]

    assert ids("H22.12", LAST) == ["f"]
    assert ids("H22.12", date(2025, 7, 1)) == ids("H22.70", date(2025, 7, 1)) == ["b", "c"]
    assert ids("H22.70", date(2025, 7, 2)) == ["a", "b", "c"]
    assert ids("H22.99", LAST) == []
    there = [people.is_present(name, date(2025, 7, 1)) for name in ("a", "b", "c", "x")]
    assert there == [False, False, True, False]
