"""A directory that changes while services work by it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from kernel.base.file_watcher import INTERVAL
from kernel.documents.mistakes import DocumentError
from office.people.repository import PeopleRepository

ROLES = ("specialist", "head")
UNITS = '[[unit]]\ncode = "H22.12"\nname_vi = "Huyện"\n'
HEADING = "id,name,unit,roles\n"


def write(path: Path, text: str) -> None:
    """Put a file in place in one step, as its own new version."""
    fresh = path.with_suffix(".new")
    fresh.write_text(text, "utf-8")
    os.replace(fresh, path)


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """A directory of three files with one officer."""
    write(tmp_path / "units.toml", UNITS)
    write(tmp_path / "officers.csv", f"{HEADING}an,An,H22.12,head\n")
    write(tmp_path / "people.toml", 'units = "units.toml"\nofficers = "officers.csv"\n')
    return tmp_path / "people.toml"


class Clock:
    """A clock that stands until a second is let pass."""

    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at

    def later(self) -> None:
        """Let the time to the next look pass."""
        self.at += INTERVAL


@pytest.fixture
def clock() -> Clock:
    """The clock of the directory."""
    return Clock()


def test_a_change_of_any_file_is_taken_up(people: Path, clock: Clock) -> None:
    """Officers, units and the directory itself: within a second, and once."""
    found = PeopleRepository(people, ROLES, monotonic=clock)
    assert set(found.now().officers) == {"an"}
    write(people.with_name("officers.csv"), f"{HEADING}binh,Bình,H22.12,head\n")
    assert set(found.now().officers) == {"an"}, "not before a second has passed"
    clock.later()
    with capture_logs() as lines:
        assert set(found.now().officers) == {"binh"}
        write(people.with_name("units.toml"), f'{UNITS}\n[[unit]]\ncode = "H22.13"\n')
        clock.later()
        assert set(found.now().units) == {"H22.12", "H22.13"}
        write(people.with_name("other.csv"), f"{HEADING}cuc,Cúc,H22.13,head\n")
        write(people, 'units = "units.toml"\nofficers = "other.csv"\n')
        clock.later()
        assert set(found.now().officers) == {"cuc"}
        clock.later()
        found.now()
    assert [line["event"] for line in lines] == ["people.changed"] * 3


def test_a_broken_directory_is_said_and_the_old_one_kept(people: Path, clock: Clock) -> None:
    """Each broken version is logged once, with its mistakes; the mended one is in force."""
    found = PeopleRepository(people, ROLES, monotonic=clock)
    with capture_logs() as lines:
        write(people.with_name("officers.csv"), f"{HEADING}an,An,H99,king\n")
        for _ in range(3):
            clock.later()
            assert set(found.now().officers) == {"an"}
        write(people, "units = ")
        clock.later()
        assert set(found.now().officers) == {"an"}
        people.unlink()
        clock.later()
        assert set(found.now().officers) == {"an"}
        write(people.with_name("officers.csv"), f"{HEADING}dung,Dũng,H22.12,head\n")
        write(people, 'units = "units.toml"\nofficers = "officers.csv"\n')
        clock.later()
        assert set(found.now().officers) == {"dung"}
    assert [line["event"] for line in lines] == ["people.refused"] * 3 + ["people.changed"]
    assert lines[0]["mistakes"] == 2
    assert "H99 is no unit" in lines[0]["first"][0]


@pytest.mark.parametrize(
    "text", ['units = "a\\u0000b"\n', f'units = "units.toml"\ncolour = {"9" * 5000}\n']
)
def test_what_no_system_can_read_is_refused_too(people: Path, clock: Clock, text: str) -> None:
    """A name that no file can have, and a number too long to be one, change nothing."""
    found = PeopleRepository(people, ROLES, monotonic=clock)
    with capture_logs() as lines:
        write(people, text)
        for _ in range(2):
            clock.later()
            assert set(found.now().officers) == {"an"}
    assert [line["event"] for line in lines] == ["people.refused"]


def test_a_broken_directory_is_an_error_at_the_start(people: Path) -> None:
    """Nobody works by a directory that was never good."""
    write(people, "units = 1\n")
    with pytest.raises(DocumentError):
        PeopleRepository(people, ROLES)
