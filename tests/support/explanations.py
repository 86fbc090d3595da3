"""Histories of due dates, and what audit explains of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

from google.protobuf.message import Message
from motcua.intake.v1.dossier_events_pb2 import DossierAccepted

from kernel.base.instants import to_timestamp
from office.worktime.calendars.model import Calendar, DayKind, DayRule
from office.worktime.calendars.vietnam import state_office
from office.worktime.durations import TimeLimit
from office.worktime.working_time import limit_due_at
from services.audit.deadlines.explain import explain
from services.audit.deadlines.explanation import DeadlineExplanation
from tests.support.audit_histories import Numbering, at
from tests.support.office_files import find_calendar

VERSION = state_office().version


def accepted(
    when: str,
    limit: str = "5wd",
    due: int | None = None,
    version: str = VERSION,
    *,
    same_day: bool = False,
) -> tuple[DossierAccepted, int]:
    """Return the acceptance and when it happened."""
    start = at(when)
    if due is None:
        due = limit_due_at(state_office(), start, TimeLimit.parse(limit))
    payload = DossierAccepted(time_limit=limit, calendar_version=version, same_day=same_day)
    if due is not None:
        payload.due_at.CopyFrom(to_timestamp(due))
    return payload, start


def explained(
    *history: tuple[Message, int], calendar_of: Callable[[str], Calendar | None] = find_calendar
) -> DeadlineExplanation:
    """Return what is explained of events and the instants at which they happened."""
    numbering = Numbering()
    return explain([numbering.event(payload, when) for payload, when in history], calendar_of)


STORM = replace(
    state_office(),
    version="storm",
    days={**state_office().days, date(2021, 8, 12): DayRule(DayKind.CLOSURE, reason_vi="Bão")},
)


def storm(version: str) -> Calendar | None:
    """Return the calendar of a version, of which one has a day closed by a storm."""
    return STORM if version == "storm" else find_calendar(version)
