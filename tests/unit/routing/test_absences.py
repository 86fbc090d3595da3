"""For whose work, and until when, an absence lets somebody stand in."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from motcua.events.v1.common_pb2 import Actor
from motcua.routing.v1 import routing_pb2 as pb
from motcua.routing.v1.officer_events_pb2 import DelegationEnded

from kernel.base.errors import Refusal
from kernel.base.instants import to_timestamp
from services.routing.application.absences.officer_stream import RecordedAbsence
from services.routing.domain.collaboration_state import Delegation
from services.routing.domain.decider import decide
from tests.support.routing_cases import (
    AN,
    BINH,
    LEADER,
    SYSTEM,
    Case,
    at,
    clock,
    complete,
    let_go,
    withdrawal,
)

MON, TUE, WED, FRI = (f"2021-08-{day:02d} 10:00" for day in (9, 10, 11, 13))
BACK = pb.EndAbsenceRequest(officer="an")


def said_for(unit: str) -> RecordedAbsence:
    """Bình stands in for An's work in a unit, from Monday to Friday."""
    return RecordedAbsence(unit, Delegation("an", "binh", at(MON), at(FRI)))


@pytest.mark.parametrize(
    ("text", "ended", "until", "left", "gone"),
    [
        ("", "", TUE, [], ["H22", "H22.12", "H22.60"]),
        ("", "H22.12", FRI, ["H22", "H22.1", "H22.60"], ["H22.12", "H22.12.03"]),
        ("H22.12", "", TUE, [], ["H22.12"]),
        ("H22.12", "H22.12", TUE, [], ["H22.12", "H22.12.03"]),
        ("H22.12", "H22", TUE, [], ["H22.12"]),
        ("H22.12", "H22.12.03", FRI, ["H22.12", "H22.12.04"], ["H22.12.03"]),
        ("H22.12", "H22.60", FRI, ["H22.12", "H22.12.03"], []),
    ],
)
def test_what_an_end_leaves(
    text: str, ended: str, until: str, left: list[str], gone: list[str]
) -> None:
    """The officer's own word ends all, a leader's that of the own unit and those below it."""
    after = said_for(text).ended(ended, at(TUE))
    assert clock(after.delegation.ends_at) == until
    for units, expected in ((left, True), (gone, False)):
        for unit in units:
            covered = after.of(unit) and after.delegation.runs(at(TUE))
            assert covered == expected, unit


@pytest.mark.parametrize(
    ("expected", "unit", "meets"),
    [
        ("", "", True),
        ("", "H22.12", True),
        ("H22.12", "", True),
        ("H22.12", "H22", True),
        ("H22.12", "H22.12.03", True),
        ("H22.12", "H22.1", False),
        ("H22.12", "H22.60", False),
    ],
)
def test_what_it_was_said_for(expected: str, unit: str, meets: bool) -> None:
    """A unit's work meets that of those above and below it."""
    absence = said_for(expected)
    assert absence.meets(unit) == absence.touches(unit) == meets


def test_after_its_end_it_touches_nothing_there() -> None:
    """Above and beside there is something left."""
    part = said_for("").ended("H22.12", at(TUE))
    assert [part.touches(unit) for unit in ("H22.12", "H22.12.03", "H22", "H22.60", "")] == [
        False,
        False,
        True,
        True,
        True,
    ]


def test_one_that_was_ended_somewhere_is_not_the_same() -> None:
    """Said again it is written again; what is narrower finds itself covered by what is wider."""
    whole = said_for("").delegation
    part = said_for("").ended("H22.12", at(TUE)).delegation
    assert whole.holds(part)
    assert part.holds(part)
    assert not part.holds(whole)
    assert not said_for("").ended("", at(TUE)).delegation.holds(whole)


def covered() -> Case:
    """A case of An's for which Bình stands in until Friday."""
    case = Case().opened().taken()
    request = pb.DelegateWorkRequest(officer="an", substitute="binh")
    request.ends_at.CopyFrom(to_timestamp(at(FRI)))
    case.does(request, MON)
    return case


def end(case: Case, when: str, actor: Actor = AN, by_record: str = "binh") -> list[Any]:
    """End on the case what stands in by the record of An."""
    standing = (Delegation("an", by_record, at(MON), at(FRI)),)
    outcome = decide(case.state, BACK, replace(case.context(when, actor), standing=standing))
    assert not isinstance(outcome, Refusal)
    return case._keep(outcome, at(when), actor)


@pytest.mark.parametrize(("actor", "unit"), [(AN, ""), (LEADER, "H22")])
def test_the_case_tells_who_may_act(actor: Actor, unit: str) -> None:
    """From the instant of the end on the officer alone."""
    case = covered()
    assert end(case, TUE, actor) == [DelegationEnded(officer="an", substitute="binh", unit=unit)]
    case.when(complete("appraise"), TUE, BINH).then("NOT_ASSIGNED_TO_YOU")
    assert end(case, TUE, actor) == []
    case.does(complete("appraise"), TUE)


def test_only_what_runs_by_the_record_ends() -> None:
    """Not another one's, not before it has begun, and nothing on a case that has ended."""
    assert end(covered(), TUE, by_record="chi") == []
    assert end(covered(), "2021-08-09 09:59") == []
    assert end(covered(), FRI) == []
    case = covered()
    case.does(withdrawal(), TUE, SYSTEM)
    case.does(let_go(), TUE)
    assert end(case, TUE) == []
