"""Due dates recalculated after a day was closed."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

from motcua.events.v1.common_pb2 import Actor, ActorKind
from motcua.routing.v1 import routing_pb2 as pb

from kernel.eventsourcing.command_context import Call
from office.worktime.calendars.files import load_calendar
from office.worktime.calendars.vietnam import STATE_OFFICE_FILE
from tests.support.calendars import publish
from tests.support.departments import Departments, handle
from tests.support.routing_cases import UNIT, at

BOSS = Actor(kind=ActorKind.ACTOR_KIND_OPERATOR, id="boss")


WHEN = "2021-08-11 10:00"


STORM = """
[[day]]
date = 2021-08-12
kind = "closure"
reason_vi = "Bão"
source = "12/UBND"
"""


def storm(folder: Path, tmp_path: Path, number: int = 2, day: str = "2021-08-12") -> str:
    """Publish the office's calendar with one more day closed; gives its version."""
    text = STATE_OFFICE_FILE.read_text(encoding="utf-8")
    path = tmp_path / f"storm-{number}.toml"
    revision = text.replace('revision = "2026.1"', f'revision = "2026.{number}"')
    path.write_text(revision + STORM.replace("2021-08-12", day), encoding="utf-8")
    calendar = load_calendar(path)
    publish(folder, calendar, "2021-08-11")
    return calendar.version


def recalculate(departments: Departments, when: str = WHEN, **more: Any) -> Any:
    """Ask for one page."""
    request = pb.RecalculateDeadlinesRequest(
        request_id=str(uuid.uuid4()), reason="bão, 12/UBND", **more
    )
    call = Call(BOSS, "vi", request.request_id, at(when), at(when), "", "", digest=b"digest")
    return departments.writer.submit(lambda uow: handle(uow, request, call)).result()


def codes(count: int) -> list[str]:
    return [f"{UNIT}-210809-{number:04d}" for number in range(1, count + 1)]
