"""The repository of calendars: what is published is never changed, and is found for ever."""

from __future__ import annotations

import json
import threading
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from office.worktime.calendars import publishing, repository
from office.worktime.calendars.files import load_calendar
from office.worktime.calendars.model import Calendar, CalendarError, DayKind
from office.worktime.calendars.publishing import PublicationConflict
from office.worktime.calendars.repository import CalendarRepository, UnknownCalendar, version_file
from office.worktime.calendars.snapshot_format import read_snapshot, write_snapshot
from office.worktime.calendars.vietnam import state_office
from tests.support.routing_cases import at

TOWN = """
name = "town"
revision = "1"
time_zone = "Asia/Ho_Chi_Minh"
[sessions]
monday = "08:00-12:00,13:00-17:00"
tuesday = "08:00-12:00,13:00-17:00"
[[day]]
date = 2026-09-01
kind = "closure"
reason_vi = "Bão"
source = "1/UBND"
"""
NOW = "2026-08-01T00:00:00+00:00"


def town(folder: Path, **changes: str) -> Calendar:
    """Read the town's calendar with texts replaced; a revision 1 unless another is given."""
    text = TOWN
    for old, new in changes.items():
        text = text.replace(old, new)
    path = folder / "town.toml"
    path.write_text(text, encoding="utf-8")
    return load_calendar(path)


def revised(folder: Path, number: int, closed: str = "2026-09-02") -> Calendar:
    """Return a later revision, with another day closed."""
    path = folder / "town.toml"
    text = TOWN.replace('revision = "1"', f'revision = "{number}"').replace("2026-09-01", closed)
    path.write_text(text, encoding="utf-8")
    return load_calendar(path)


def published(folder: Path, calendar: Calendar, day: str = "2026-08-01") -> bool:
    """Put a calendar on a repository."""
    first = date.fromisoformat(day)
    return publishing.publish(folder, calendar, first, "1/UBND", NOW, state_office())


def used(folder: Path, unit: str, calendar: Calendar, day: str) -> bool:
    """Let a unit use a calendar."""
    return publishing.assign(folder, unit, calendar, date.fromisoformat(day), "2/UBND")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository's folder, looked at whenever something is asked."""
    monkeypatch.setattr(repository, "INTERVAL", 0.0)
    return tmp_path / "calendars"


def test_an_empty_repository_has_the_calendar_that_ships(folder: Path) -> None:
    """Without anything published everybody works by the calendar that ships, at any time."""
    known = CalendarRepository(folder)
    assert known.calendar_for("H22.12", at("1999-01-01 09:00")) is state_office()
    assert known.find(state_office().version) is state_office()
    assert known.in_force("vn", at("2026-01-01 09:00")) is state_office()
    assert not folder.exists()


def test_what_is_written_out_is_read_back(tmp_path: Path) -> None:
    """A calendar written out in full equals the one it was, without its library."""
    path = tmp_path / "vn.json"
    path.write_bytes(write_snapshot(state_office()))
    again = read_snapshot(path)
    for name in ("name", "version", "time_zone", "week", "days", "day_us", "estimated_after"):
        assert getattr(again, name) == getattr(state_office(), name)


def test_the_longest_code_and_the_latest_choice_win(folder: Path, tmp_path: Path) -> None:
    """A unit works by what is said of it, else of the unit above; from the day on which it holds,
    in local time.
    """
    first = town(tmp_path)
    published(folder, first, "2026-01-01")
    used(folder, "H22", first, "2026-08-01")
    used(folder, "H22.12", state_office(), "2026-08-10")
    known = CalendarRepository(folder)

    def name(unit: str, when: str) -> str:
        return known.calendar_for(unit, at(when)).name

    assert name("H22.12.03", "2026-07-31 23:59") == "vn"
    assert name("H22.12.03", "2026-08-01 00:00") == "town"
    assert name("H22.12.03", "2026-08-10 00:00") == "vn"
    assert name("H22.13", "2026-08-10 00:00") == "town"
    assert name("H22.1", "2026-08-10 00:00") == "town"
    assert name("H221", "2026-08-10 00:00") == "vn"


def test_versions_follow_each_other(folder: Path, tmp_path: Path) -> None:
    """The version of a day decides on that day, and every one is found by its name for ever."""
    first, second = town(tmp_path), revised(tmp_path, 2)
    published(folder, first, "2026-08-01")
    published(folder, second, "2026-08-15")
    known = CalendarRepository(folder)

    assert known.in_force("town", at("2026-08-14 23:59")).version == first.version
    assert known.in_force("town", at("2026-08-15 00:00")).version == second.version
    assert known.find(first.version).days == first.days
    with pytest.raises(UnknownCalendar):
        known.in_force("town", at("2026-07-31 09:00"))
    for wrong in ("town-3+00000000", "../etc/passwd", "", "vn-2026.1+00000000"):
        with pytest.raises(UnknownCalendar):
            known.find(wrong)


def test_a_new_version_is_seen_without_a_restart(folder: Path, tmp_path: Path) -> None:
    """Who holds the repository open works by a version from its publication on."""
    known = CalendarRepository(folder)
    before = known.calendar_for("H22", at("2026-08-20 09:00"))
    first = town(tmp_path)
    published(folder, first)
    used(folder, "", first, "2026-08-01")

    assert before.name == "vn"
    assert known.calendar_for("H22", at("2026-08-20 09:00")).version == first.version


def test_the_same_again_changes_nothing(folder: Path, tmp_path: Path) -> None:
    """Publishing or choosing what stands leaves every file as it is."""
    first = town(tmp_path)
    assert published(folder, first)
    assert used(folder, "H22", first, "2026-08-01")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    assert not published(folder, first)
    assert not used(folder, "H22", first, "2026-08-05")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize("change", ["2026-09-01", "Bão", "1/UBND"])
def test_a_published_version_is_not_changed(folder: Path, tmp_path: Path, change: str) -> None:
    """Another day, and another text too, under a revision that is published is refused."""
    published(folder, town(tmp_path))
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    new = "2026-09-03" if change.startswith("2026") else "khác"

    with pytest.raises(PublicationConflict, match="raise the revision"):
        published(folder, town(tmp_path, **{change: new}))
    with pytest.raises(PublicationConflict, match="holds from 2026-08-01 on"):
        published(folder, town(tmp_path), "2026-08-02")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_the_calendar_that_ships_is_not_changed_either(folder: Path, tmp_path: Path) -> None:
    """Its revision stands, though no file of it is on the repository."""
    text = Path(repository.__file__).with_name("vn_overrides.toml").read_text(encoding="utf-8")
    path = tmp_path / "vn.toml"
    path.write_text(text.replace("date = 2026-01-02", "date = 2026-01-05", 1), encoding="utf-8")
    with pytest.raises(PublicationConflict, match=r"vn-2026\.1"):
        published(folder, load_calendar(path))


def test_history_is_not_rewritten(folder: Path, tmp_path: Path) -> None:
    """A version or a choice may not begin before the one that it follows."""
    first, second = town(tmp_path), revised(tmp_path, 2)
    published(folder, first, "2026-08-01")
    used(folder, "H22", first, "2026-08-10")
    with pytest.raises(CalendarError, match="holds from 2026-08-01 on"):
        published(folder, second, "2026-07-31")
    with pytest.raises(CalendarError, match="uses town from 2026-08-10 on"):
        used(folder, "H22", state_office(), "2026-08-09")


@pytest.mark.parametrize(
    "damage", ["cut", "empty", "other", "missing", "edited", "texts", "unknown calendar"]
)
def test_what_cannot_be_read_changes_nothing(folder: Path, tmp_path: Path, damage: str) -> None:
    """A list half written, a file missing or edited: what was known stays in force, until it is
    whole; who begins then refuses.
    """
    first, second = town(tmp_path), revised(tmp_path, 2)
    published(folder, first)
    used(folder, "", first, "2026-08-01")
    known = CalendarRepository(folder)
    published(folder, second, "2026-08-02")
    index, body = folder / repository.INDEX, version_file(folder, second.version)
    whole, file = index.read_bytes(), body.read_bytes()
    _damage(damage, index, body)

    assert known.calendar_for("H22", at("2026-08-20 09:00")).version == first.version
    with pytest.raises(CalendarError):
        CalendarRepository(folder)
    index.write_bytes(whole)
    body.write_bytes(file)
    assert known.calendar_for("H22", at("2026-08-20 09:00")).version == second.version


def _damage(kind: str, index: Path, body: Path) -> None:
    text = body.read_text(encoding="utf-8")
    if kind == "cut":
        index.write_bytes(index.read_bytes()[:-40])
    elif kind == "empty":
        index.write_bytes(b"")
    elif kind == "other":
        index.write_text('{"format": 9}')
    elif kind == "missing":
        body.unlink()
    elif kind == "edited":
        body.write_text(text.replace("2026-09-02", "2026-09-03"), encoding="utf-8")
    elif kind == "texts":
        body.write_text(text.replace("1/UBND", "9/UBND"), encoding="utf-8")
    else:
        listed: Any = json.loads(index.read_text())
        listed["assignments"][0]["calendar"] = "nowhere"
        index.write_text(json.dumps(listed))


def test_many_at_once(folder: Path, tmp_path: Path) -> None:
    """Versions published at the same time are all there; readers never see half of one."""
    calendars = [revised(tmp_path, n, f"2026-09-{n:02d}") for n in range(1, 21)]
    known = CalendarRepository(folder)
    failures: list[Exception] = []

    def put(own: list[Calendar]) -> None:
        try:
            for calendar in own:
                publishing.publish(
                    folder, calendar, date(2026, 8, 1), "", NOW, shipped=state_office()
                )
                known.calendar_for("H22", at("2026-08-20 09:00"))
                CalendarRepository(folder)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=put, args=(calendars[n::4],)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    listed = {p.version for p in CalendarRepository(folder).index().versions}
    assert listed == {calendar.version for calendar in calendars}


def test_the_calendar_that_ships_is_kept(folder: Path) -> None:
    """After an upgrade that ships another calendar, the one of before is still found."""
    publishing.keep_shipped(folder, state_office())
    later = Calendar(
        name="vn",
        version="vn-2099.1+00000000",
        time_zone="Asia/Ho_Chi_Minh",
        week=state_office().week,
    )
    known = CalendarRepository(folder, shipped=later)
    assert known.in_force("vn", at("2026-08-20 09:00")) is later
    assert known.find(state_office().version).days == state_office().days
    assert state_office().version in known.all_versions()


def test_a_unit_closed_for_some_hours(tmp_path: Path) -> None:
    """A closure may name its hours; the rest of the day is worked."""
    closed = town(tmp_path, **{'kind = "closure"': 'kind = "closure"\nclosed = "10:00-14:00"'})
    rule = closed.days[date(2026, 9, 1)]
    assert [str(s) for s in rule.sessions] == ["08:00-10:00", "14:00-17:00"]
    assert rule.kind is DayKind.CLOSURE
    with pytest.raises(CalendarError, match="nobody works then on 2026-09-01 anyway"):
        town(tmp_path, **{'kind = "closure"': 'kind = "closure"\nclosed = "18:00-19:00"'})
    with pytest.raises(CalendarError, match=r"day.1.closed: belongs to a closure"):
        town(tmp_path, **{'kind = "closure"': 'kind = "day-off"\nclosed = "10:00-14:00"'})
