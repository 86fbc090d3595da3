"""Histories of due dates, and what audit explains of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from motcua.intake.v1.dossier_events_pb2 import DossierAccepted

from kernel.base.instants import to_timestamp
from office.worktime.calendars.model import DayKind, DayRule
from office.worktime.calendars.repository import find_calendar
from office.worktime.calendars.vietnam import state_office
from office.worktime.durations import TimeLimit
from office.worktime.working_time import limit_due_at
from services.audit.deadlines.explain import explain
from tests.support.audit_histories import Numbering, at

VERSION = state_office().version


def accepted(when, limit="5wd", due=None, version=VERSION, *, same_day=False):
    """Give the acceptance and when it happened."""
    start = at(when)
    if due is None:
        due = limit_due_at(state_office(), start, TimeLimit.parse(limit))
    said = DossierAccepted(time_limit=limit, calendar_version=version, same_day=same_day)
    if due is not None:
        said.due_at.CopyFrom(to_timestamp(due))
    return said, start


def told(*history, calendar_of=find_calendar):
    numbering = Numbering()
    return explain([numbering.event(said, when) for said, when in history], calendar_of)


STORM = replace(
    state_office(),
    version="storm",
    days={**state_office().days, date(2021, 8, 12): DayRule(DayKind.CLOSURE, reason_vi="Bão")},
)


def storm(version):
    return STORM if version == "storm" else find_calendar(version)
