"""Fault 42: a swap announced six days before. Open due dates are recalculated by an event that
names the calendar; old events keep theirs; a recalculation that is killed goes on.
"""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from motcua.routing.v1.case_events_pb2 import CaseOpened
from motcua.routing.v1.deadline_events_pb2 import DeadlineRecalculated
from sqlalchemy import select

from kernel.base.instants import to_us
from office.worktime.calendars.files import load_calendar
from office.worktime.calendars.model import Calendar
from office.worktime.calendars.repository import CalendarRepository
from office.worktime.calendars.vietnam import STATE_OFFICE_FILE
from services.routing.tables import CASES, KERNEL
from tests.support.calendars import publish
from tests.support.databases import NewDatabase
from tests.support.departments import Departments, Desk
from tests.support.events import name_of, payload_of
from tests.support.models import OFFICE
from tests.support.routing_cases import UNIT, at, clock

pytestmark = pytest.mark.faults
WHEN = "2025-12-26 09:00"
CODES = [f"{UNIT}-251225-{number:04d}" for number in range(1, 61)]


def repository_without_the_swap(folder: Path) -> CalendarRepository:
    """Make a repository as it was before 12729/VPCP-KGVX: neither day is special."""
    text = STATE_OFFICE_FILE.read_text(encoding="utf-8").replace("2026.1", "2025.9")
    kept, _, rest = text.partition("[[day]]")
    path = folder / "before.toml"
    path.write_text(kept + "[[day]]" + rest.split("[[day]]")[-1], encoding="utf-8")
    repository = CalendarRepository(folder / "calendars", shipped=load_calendar(path))
    assert repository.shipped.is_working_day(date(2026, 1, 2))
    return repository


def begin(url: str, folder: Path) -> subprocess.Popen[str]:
    """Recalculate in a process of its own."""
    command = [sys.executable, "-m", "tests.support.recalculate_child", url, str(folder)]
    return subprocess.Popen([*command, str(at(WHEN))], stdout=subprocess.PIPE, text=True)


def test_fault_42_a_swap_announced_late(
    new_database: NewDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed in the middle, begun again: every open date is moved once, each dossier whole."""
    url = new_database("routing")
    before = repository_without_the_swap(tmp_path)
    monkeypatch.setattr(OFFICE, "calendars", lambda: before)
    departments = Departments(url)
    desk = Desk()
    departments.reads(
        event
        for code in CODES
        for event in desk.files(code, "2025-12-25 10:00", limit="8wd", calendar=before.shipped)
    )
    publish(before.folder, state_office_published(tmp_path), "2025-12-25")

    with begin(url, before.folder) as child:
        assert child.stdout is not None
        for _ in range(4):
            assert child.stdout.readline()
        child.kill()
    moved = departments.kinds().count("DeadlineRecalculated")
    assert 0 < moved < len(CODES)
    with begin(url, before.folder) as again:
        rest, _ = again.communicate(timeout=60)

    assert again.returncode == 0
    assert moved + sum(map(int, rest.split())) == len(CODES)
    check(departments, before)
    departments.close()


def state_office_published(folder: Path) -> Calendar:
    """Return the calendar with the swap, as an office would import it."""
    text = STATE_OFFICE_FILE.read_text(encoding="utf-8").replace("2026.1", "2026.0")
    path = folder / "swap.toml"
    path.write_text(text, encoding="utf-8")
    return load_calendar(path)


def check(departments: Departments, before: CalendarRepository) -> None:
    """Hold what is stored to what was asked: once for each dossier, views and outbox included."""
    counted = Counter(
        event.stream_id
        for event in departments.own_events()
        if name_of(event) == "DeadlineRecalculated"
    )
    assert counted == dict.fromkeys(CODES, 1)
    dues = {row["dossier_code"]: row["due_at"] for row in departments.rows(CASES)}
    for code in CODES:
        opened, *_, last = departments.own_events(code)
        assert payload_of(opened, CaseOpened).calendar_version == before.shipped.version
        payload = payload_of(last, DeadlineRecalculated)
        assert clock(to_us(payload.previous_due_at)) == "2026-01-07 10:00"
        assert clock(to_us(payload.due_at)) == "2026-01-08 10:00"
        assert dues[code] == to_us(payload.due_at)
        assert payload.calendar_version.startswith("vn-2026.0+")
    with departments.engine.connect() as connection:
        outbox = connection.execute(select(KERNEL.outbox.c.type)).scalars().all()
    assert outbox.count("motcua.routing.v1.DeadlineRecalculated") == len(CODES)
