"""A date that had passed lies ahead again after a pause: it is told, and lateness judged by it."""

from typing import Any

import pytest
from motcua.audit.v1 import audit_pb2 as pb
from motcua.intake.v1.dossier_events_pb2 import DossierSubmitted
from motcua.routing.v1.case_events_pb2 import CaseOpened, CaseResolved, CaseResumed, CaseSuspended
from motcua.routing.v1.deadline_events_pb2 import DeadlineMissed
from motcua.routing.v1.event_parts_pb2 import CurrentStep
from motcua.routing.v1.types_pb2 import DEADLINE_SCOPE_DOSSIER, SUSPENSION_KIND_STOPPED

from services.audit.deadlines.explanation import Agreement
from services.audit.responses import lateness
from services.audit.wording.event_lines import line_of
from tests.support.audit_histories import HANOI, Numbering, at, folded, stamp
from tests.support.explanations import VERSION, accepted, explained, storm

AGAIN = "; the date had passed and lies ahead again, lateness is judged by the new one"


def history(resumed_at: str, due: str, **more: Any) -> list[tuple[Any, int]]:
    """Late by 09:00 of the 16th, stopped at 10:00; the storm of the 12th counts from then on."""
    resumed = CaseResumed(
        suspended_at=stamp("2021-08-16 10:00"),
        resumed_at=stamp(resumed_at),
        previous_due_at=stamp("2021-08-16 09:00"),
        due_at=stamp(due),
        calendar_version="storm",
        **more,
    )
    missed = DeadlineMissed(scope=DEADLINE_SCOPE_DOSSIER, due_at=stamp("2021-08-16 09:00"))
    stopped = CaseSuspended(kind=SUSPENSION_KIND_STOPPED)
    return [
        accepted("2021-08-09 09:00"),
        (missed, at("2021-08-16 09:01")),
        (stopped, at("2021-08-16 10:00")),
        (resumed, at(resumed_at)),
    ]


def test_it_is_told_and_no_longer_called_late() -> None:
    """Kept because it was late, and late no longer: the line says the one and the other."""
    events = history("2021-08-17 10:00", "2021-08-18 09:00", after_missed=True, stays_late=True)
    line = explained(*events, calendar_of=storm).lines[-1]

    assert line.agreement is Agreement.SAME
    assert line.text[1] == (
        "The clock goes on: 8:00 working hours waited;"
        f" the calendar has changed (it was {VERSION}), all is counted again{AGAIN}"
    )
    assert line_of(events[-1][0], HANOI)[1] == (
        "The clock goes on, due 2021-08-18 09:00 +07:00 (the date before had passed)"
    )


@pytest.mark.parametrize(
    ("resolved", "words", "judged"),
    [
        ("2021-08-17 16:00", "Resolved: before the due date", pb.LATENESS_EARLY),
        ("2021-08-18 09:00", "Resolved: on time", pb.LATENESS_ON_TIME),
        ("2021-08-19 09:00", "Resolved: after the due date", pb.LATENESS_LATE),
    ],
)
def test_lateness_is_judged_by_the_new_date(resolved: str, words: str, judged: int) -> None:
    """By the explanation and by what reports count."""
    events = history("2021-08-17 10:00", "2021-08-18 09:00", after_missed=True)
    events.append((CaseResolved(), at(resolved)))
    numbering = Numbering()
    submitted = (DossierSubmitted(time_zone=HANOI), at("2021-08-09 08:00"))

    assert explained(*events, calendar_of=storm).lines[-1].text[1] == words
    row = folded(numbering.event(payload, when) for payload, when in [submitted, *events])
    assert row["due_at"] == at("2021-08-18 09:00")
    assert row["missed_at"] == at("2021-08-16 09:01")
    assert lateness(row, 20210820) == judged


def test_a_date_that_had_passed_all_the_same_is_late() -> None:
    """Stopped on the 16th for a minute; nothing brings the date ahead without the storm."""
    events = history("2021-08-16 10:01", "2021-08-16 09:01", after_missed=True)
    events[-1][0].calendar_version = VERSION
    line = explained(*events).lines[-1]

    assert line.agreement is Agreement.DIFFERS
    assert line.problem[1] == "the date does not lie ahead again"
    assert AGAIN not in line.text[1]


@pytest.mark.parametrize(
    ("version", "due", "agreement"),
    [
        ("storm", "2021-08-17 09:01", Agreement.SAME),
        (VERSION, "2021-08-16 09:01", Agreement.DIFFERS),
    ],
)
def test_a_step_s_date_is_told_alike(version: str, due: str, agreement: Agreement) -> None:
    """Its own field is held to the same rule."""
    events = history("2021-08-16 10:01", due, step_after_missed=True)
    current = CurrentStep(
        step="handle",
        time_limit="5wd",
        started_at=stamp("2021-08-09 09:00"),
        due_at=stamp("2021-08-16 09:00"),
        calendar_version=VERSION,
    )
    events.insert(1, (CaseOpened(current=current), at("2021-08-09 09:00")))
    resumed = events[-1][0]
    resumed.calendar_version = version
    resumed.current.step = "handle"
    resumed.current.due_at.CopyFrom(resumed.due_at)
    line = explained(*events, calendar_of=storm).lines[-1]

    assert line.step == "handle"
    assert line.agreement is agreement
    assert line.text[1].endswith(AGAIN) is (agreement is Agreement.SAME)
