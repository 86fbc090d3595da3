"""Somebody is to begin on a step: when that is warned of, and when no longer.

The dossier is accepted on Monday 09/08/2021 at 09:00; a working day later it is Tuesday 09:00.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from motcua.routing.v1.case_events_pb2 import CaseResumed
from motcua.routing.v1.deadline_events_pb2 import DeadlineApproaching, DeadlineMissed
from motcua.routing.v1.event_parts_pb2 import CurrentStep

from kernel.base.instants import instant_in, to_us
from office.worktime.durations import Duration
from office.worktime.warning_rule import WarningRule
from office.worktime.working_time import ResumePolicy
from services.routing.domain.alarms import DOSSIER, FIRST_ACTION
from services.routing.domain.context import enter
from services.routing.domain.due_dates import first_action_in
from tests.support.events import payload_of
from tests.support.routing_calendars import closed, recalculated
from tests.support.routing_cases import (
    SYSTEM,
    Case,
    assign,
    at,
    clock,
    complete,
    context,
    go_on,
    look,
    papers,
    stop,
    supplement,
)

MON, TUE = "2021-08-09 09:00", "2021-08-10 09:00"
NEAR, GONE = (DeadlineApproaching, FIRST_ACTION), (DeadlineMissed, FIRST_ACTION)


def stuck(limit: str = "none") -> Case:
    """A case of one step without a limit, whose process warns a working hour before."""
    return Case(process="same-day", time_limit=limit).opened(MON)


def first_action_events(case: Case, when: str, offset: int = 0) -> list[tuple[Any, int]]:
    """Return what the watch says of beginning on the step."""
    found = [(type(m), getattr(m, "scope", 0)) for m in case.watched(when, offset)]
    return [each for each in found if each[1] == FIRST_ACTION]


def entered(warning: str, within: str, own: str = "", limit: str = "none") -> CurrentStep:
    """Enter a step on Monday; ``own`` is its own rule of warning, ``limit`` its own limit."""
    found = context(MON)
    step = replace(
        found.process.first,
        time_limit=Duration.parse(limit),
        warning=WarningRule.parse(own) if own else None,
    )
    process = replace(
        found.process,
        warning=WarningRule.parse(warning),
        first_action_within=Duration.parse(within),
    )
    return enter(step, replace(found, process=process), at(MON))


@pytest.mark.parametrize(
    ("warning", "within", "own", "by", "warns"),
    [
        ("4wh", "1wd", "", TUE, "2021-08-09 15:00"),
        ("75%", "2wd", "", "2021-08-11 09:00", "2021-08-10 15:00"),
        ("1wd", "1wd", "", TUE, "2021-08-09 17:00"),
        ("4wh", "4wh", "", "2021-08-09 15:00", "2021-08-09 14:00"),
        ("4wh", "1wd", "1wh", TUE, "2021-08-10 08:00"),
        ("4wh", "1wd", "none", TUE, ""),
        ("none", "1wd", "", TUE, ""),
    ],
)
def test_the_process_s_rule_warns_of_it(
    warning: str, within: str, own: str, by: str, warns: str
) -> None:
    """As of a step's limit: the step's own rule goes before the process's."""
    current = entered(warning, within, own)
    assert clock(to_us(current.first_action_due_at)) == by
    assert clock(instant_in(current, "first_action_warn_at")) == warns
    limit = first_action_in(current)
    assert limit is not None
    assert clock(limit.warn_at) == warns


def test_a_step_that_is_due_sooner_has_neither() -> None:
    """Its own limit says it all."""
    current = entered("4wh", "1wd", limit="4wh")
    assert not current.HasField("first_action_due_at")
    assert not current.HasField("first_action_warn_at")


def test_it_comes_near_and_passes_once() -> None:
    """Strictly after each instant; the step and the unit are named."""
    case = stuck()
    assert case.watched("2021-08-10 08:00") == []
    (near,) = case.watched("2021-08-10 08:00", 1)
    assert (type(near), near.scope) == NEAR
    assert (near.step, near.unit, clock(to_us(near.due_at))) == ("handle", "H22.12", TUE)
    assert case.watched(TUE) == []
    assert first_action_events(case, TUE, 1) == [GONE]
    assert case.watched("2021-09-10 09:00") == []


def test_after_an_outage_only_that_it_has_passed_is_said() -> None:
    """A warning of what has passed would be of no use."""
    assert first_action_events(stuck(), "2021-08-12 09:00") == [GONE]


@pytest.mark.parametrize(
    "begins",
    [
        lambda case: case.taken(MON),
        lambda case: case.does(look("handle"), MON),
        lambda case: case.does(supplement("handle"), MON),
        lambda case: case.does(stop("handle"), MON),
    ],
)
def test_what_was_begun_on_is_not_warned_of(begins: Callable[[Case], Any]) -> None:
    """Given to an officer, opened, papers asked for, or stopped."""
    case = stuck()
    begins(case)
    assert first_action_events(case, "2021-08-10 08:30") == []
    assert first_action_events(case, "2021-08-12 09:00") == []


def test_a_step_that_was_done_leaves_its_warning_behind() -> None:
    """The next one begins anew: it has a time of its own."""
    case = Case(process="simple").opened(MON)
    case.does(complete(case.state.step), "2021-08-09 10:00")
    assert case.state.first_action is None


@pytest.mark.parametrize(
    ("stops", "goes_on", "actor"),
    [(stop("handle"), go_on("handle"), None), (supplement("handle"), papers(), SYSTEM)],
)
def test_after_a_pause_the_time_to_begin_is_warned_of_anew(
    stops: Any, goes_on: Any, actor: Any
) -> None:
    """The clock goes on on Wednesday at 10:00: somebody is to begin by Thursday at 10:00."""
    case = stuck()
    assert first_action_events(case, "2021-08-10 08:30") == [NEAR]
    case.does(stops, "2021-08-10 08:40")
    case.does(goes_on, "2021-08-11 10:00", *([actor] if actor else []))
    assert first_action_events(case, "2021-08-12 09:00") == []
    assert first_action_events(case, "2021-08-12 09:00", 1) == [NEAR]
    assert first_action_events(case, "2021-08-12 10:00", 1) == [GONE]


@pytest.mark.parametrize("policy", list(ResumePolicy))
@pytest.mark.parametrize("begins", [assign("handle", "an"), look("handle")])
def test_after_a_pause_nobody_begins_anew_on_what_is_theirs(
    begins: Any, policy: ResumePolicy
) -> None:
    """A step that was given or opened before stays begun on, whatever becomes of the clock."""
    case = stuck()
    case.policy = policy
    case.does(begins, "2021-08-09 09:30")
    case.does(supplement("handle"), "2021-08-09 10:00")
    case.does(papers(), "2021-08-10 10:00", SYSTEM)
    assert case.state.first_action is None
    assert not payload_of(case.events[-1], CaseResumed).current.HasField("first_action_due_at")


def test_a_changed_calendar_moves_the_warning_along() -> None:
    """Tuesday is closed: by Wednesday 09:00, and the warning an hour before it, said anew."""
    case = stuck()
    assert first_action_events(case, "2021-08-10 08:30") == [NEAR]
    moved = {
        each.scope: each for each in recalculated(case, closed("2021-08-10"), "2021-08-10 08:40")
    }
    assert clock(to_us(moved[FIRST_ACTION].due_at)) == "2021-08-11 09:00"
    assert clock(to_us(moved[FIRST_ACTION].warn_at)) == "2021-08-11 08:00"
    assert DOSSIER not in moved
    assert first_action_events(case, "2021-08-11 08:00") == []
    assert first_action_events(case, "2021-08-11 08:00", 1) == [NEAR]
    assert first_action_events(case, "2021-08-11 09:00", 1) == [GONE]


def test_an_event_of_before_warnings_warns_of_nothing() -> None:
    """What was written without the instant is read as it was meant."""
    current = entered("4wh", "1wd")
    current.ClearField("first_action_warn_at")
    limit = first_action_in(current)
    assert limit is not None
    assert (clock(limit.due_at), limit.warn_at) == (TUE, None)
