"""The file format of published calendars, with all holidays written out.

A published version reads back unchanged whatever the ``holidays`` library says by then.
"""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from office.worktime.calendars.model import (
    Calendar,
    CalendarError,
    DayKind,
    DayRule,
    Session,
    calendar_digest,
)

FORMAT = 1
_Pair = tuple[int, int]


class _SnapshotDay(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    date: date
    kind: DayKind
    sessions: list[_Pair] = []
    reason_vi: str = ""
    reason_en: str = ""
    source: str = ""
    estimated: bool = False


class _SnapshotDocument(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Annotated[int, Field(ge=FORMAT, le=FORMAT)]
    name: str
    version: str
    time_zone: str
    day_us: int
    estimated_after: date | None
    week: list[list[_Pair]]
    days: list[_SnapshotDay]


def write_snapshot(calendar: Calendar) -> bytes:
    """Return the bytes of a calendar's file; equal calendars have equal bytes."""
    document = {
        "format": FORMAT,
        "name": calendar.name,
        "version": calendar.version,
        "time_zone": calendar.time_zone,
        "day_us": calendar.day_us,
        "estimated_after": calendar.estimated_after and calendar.estimated_after.isoformat(),
        "week": calendar.week,
        "days": [_day(day, calendar.days[day]) for day in sorted(calendar.days)],
    }
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()


def _day(day: date, rule: DayRule) -> dict[str, Any]:
    return {
        "date": day.isoformat(),
        "kind": rule.kind.value,
        "sessions": rule.sessions,
        "reason_vi": rule.reason_vi,
        "reason_en": rule.reason_en,
        "source": rule.source,
        "estimated": rule.estimated,
    }


def read_snapshot(path: Path) -> Calendar:
    """Read the calendar in a file of a published version.

    Raise ``CalendarError`` when the file is missing, and as ``parse_snapshot`` does.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CalendarError(path.name, "file", error.strerror or "can't be read") from error
    return parse_snapshot(content, path.name)


def parse_snapshot(content: bytes, name: str) -> Calendar:
    """Return the calendar that ``write_snapshot`` wrote.

    Raise ``CalendarError`` about ``name`` when it was cut short, or changed: its version names the
    digest of all that arithmetic depends on.
    """
    try:
        document = _SnapshotDocument.model_validate_json(content)
    except ValidationError as error:
        raise CalendarError(name, "file", "is no published calendar") from error
    week = tuple(tuple(Session(*pair) for pair in sessions) for sessions in document.week)
    days = {
        day.date: DayRule(
            kind=day.kind,
            sessions=tuple(Session(*pair) for pair in day.sessions),
            reason_vi=day.reason_vi,
            reason_en=day.reason_en,
            source=day.source,
            estimated=day.estimated,
        )
        for day in document.days
    }
    digest = calendar_digest(document.time_zone, week, days, document.day_us)
    if document.version.rpartition("+")[2] != digest:
        raise CalendarError(name, "version", f"was changed: its content has digest {digest}")
    return Calendar(
        name=document.name,
        version=document.version,
        time_zone=document.time_zone,
        week=week,
        days=days,
        day_us=document.day_us,
        estimated_after=document.estimated_after,
    )
