"""Timers that a step's open questions and children hold up, on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from motcua.routing.v1 import routing_pb2 as pb

from kernel.base.errors import Refused
from office.process.model.process import Processes
from services.routing.schedulers import step_timers as timer_watch
from services.routing.tables import CASES, TIMERS
from tests.support.approvals import process_of
from tests.support.databases import NewDatabase
from tests.support.departments import Departments, Desk
from tests.support.models import OFFICE
from tests.support.routing_cases import PLANNER, answer, ask, clock, resolve, send_back

MON = "2021-08-09 10:00"
HELD, FREE = "H22.12-210809-0001", "H22.12-210809-0002"
TIMED = """process: timed
version: 1
title: {vi: Hẹn, en: Timed}
steps:
  - name: wait
    title: {vi: Chờ, en: Wait}
    unit: dossier
    role: specialist
    national_state: 4
    timers: [{after: 1wd, take: on}]
    transitions:
      - {name: on, title: {vi: Đi, en: On}, to: end}
  - name: end
    title: {vi: Hết, en: End}
    unit: dossier
    role: specialist
    national_state: 4
    resolves: true
"""

BACK = """process: back
version: 1
title: {vi: Lại, en: Back}
steps:
  - name: wait
    title: {vi: Chờ, en: Wait}
    unit: dossier
    role: specialist
    national_state: 4
    transitions:
      - {name: past, title: {vi: Qua, en: Past}, to: between}
      - {name: on, title: {vi: Đi, en: On}, to: end}
  - name: between
    title: {vi: Giữa, en: Between}
    unit: dossier
    role: specialist
    national_state: 4
    transitions:
      - {name: on, title: {vi: Đi, en: On}, to: end}
  - name: end
    title: {vi: Hết, en: End}
    unit: dossier
    role: specialist
    national_state: 4
    resolves: true
    timers: [{after: 1wd, take: again}]
    transitions:
      - {name: again, title: {vi: Lại, en: Again}, to: between, back: true}
"""


@pytest.fixture
def departments(
    new_database: NewDatabase, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Departments]:
    """Routing on an empty database, with those processes beside the others."""
    every = [*OFFICE.processes.all(), process_of(TIMED), process_of(BACK)]
    monkeypatch.setattr(OFFICE, "processes", Processes(every))
    made = Departments(new_database("routing"))
    yield made
    made.close()


def step(departments: Departments, code: str = HELD) -> str:
    """Return the step at which a case is."""
    (row,) = [row for row in departments.rows(CASES) if row["dossier_code"] == code]
    return str(row["step"])


def test_a_timer_that_a_question_holds_up_is_taken_once_when_the_answer_comes(
    departments: Departments, new_database: NewDatabase
) -> None:
    """Its row has no instant meanwhile, so that no look of the watch meets it; a question for which
    the step does not wait holds up nothing.
    """
    desk = Desk()
    filed = desk.files(HELD, MON, process="timed", limit="none")
    departments.reads(filed)
    departments.does(ask("wait", False), HELD, MON)
    assert clock(departments.rows(TIMERS)[0]["next_at"]) == "2021-08-10 10:00"
    departments.does(_another(), HELD, MON)
    assert departments.rows(TIMERS)[0]["next_at"] is None
    departments.looks("2021-08-12 10:00")
    assert step(departments) == "wait"
    again = Departments(new_database("again"), reacting=False)
    again.reads([*filed, *departments.own_events()])
    assert again.views() == departments.views()
    again.close()

    given = pb.AnswerConsultationRequest(number=2, opinion=1, answer="đồng ý")  # type: ignore[arg-type]
    departments.does(given, HELD, "2021-08-12 11:00", PLANNER)
    assert clock(departments.rows(TIMERS)[0]["next_at"]) == "2021-08-10 10:00"
    departments.looks("2021-08-12 11:00")
    departments.looks("2021-08-13 11:00")
    assert step(departments) == "end"
    assert departments.kinds(HELD).count("StepCompleted") == 1
    assert departments.rows(TIMERS) == []


def test_a_timer_leads_back_only_where_the_case_was(
    departments: Departments, new_database: NewDatabase
) -> None:
    """As an officer can send it only there: of a case that went round the step nothing comes by
    itself, also when it has stood still; one that came by it goes back.
    """
    desk = Desk()
    filed = [*desk.files(HELD, MON, process="back"), *desk.files(FREE, MON, process="back")]
    departments.reads(filed)
    for code, ways in ((HELD, ("on",)), (FREE, ("past", "on"))):
        for at_step, way in zip(("wait", "between"), ways, strict=False):
            by = pb.CompleteStepRequest(step=at_step, transition=way)
            departments.does(by, code, MON)
    (row,) = departments.rows(TIMERS)
    assert (row["dossier_code"], clock(row["next_at"])) == (FREE, "2021-08-10 10:00")
    with pytest.raises(Refused) as refused:
        departments.does(send_back("end"), HELD, MON)
    assert refused.value.code == "NO_EARLIER_STEP"
    stop = pb.SuspendCaseRequest(step="end", kind=4, reason="chờ", counterpart="Sở khác")  # type: ignore[arg-type]
    departments.does(stop, HELD, "2021-08-09 11:00")
    go_on = pb.ResumeCaseRequest(step="end", reason="đã có")
    departments.does(go_on, HELD, "2021-08-09 14:00")
    departments.looks("2021-08-12 10:00")
    assert (step(departments, HELD), step(departments, FREE)) == ("end", "between")
    assert departments.rows(TIMERS) == []
    again = Departments(new_database("again"), reacting=False)
    again.reads([*filed, *departments.own_events()])
    assert again.views() == departments.views()
    again.close()


def _another() -> pb.RequestConsultationRequest:
    asked = ask("wait", True)
    asked.question = "Một câu hỏi khác?"
    return asked


def test_others_do_not_wait_behind_timers_that_are_held_up(
    departments: Departments, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However few the watch takes at once."""
    monkeypatch.setattr(timer_watch, "AT_ONCE", 1)
    desk = Desk()
    departments.reads(desk.files(HELD, MON, process="timed"))
    departments.does(_another(), HELD, MON)
    departments.reads(desk.files(FREE, "2021-08-09 11:00", process="timed"))
    departments.looks("2021-08-10 11:00")
    assert (step(departments, HELD), step(departments, FREE)) == ("wait", "end")


def test_an_answer_starts_no_timer_while_the_clock_stands_still(departments: Departments) -> None:
    """What came during the pause counts when it is over; the end of the case ends the timer."""
    departments.reads(Desk().files(HELD, MON, process="timed"))
    departments.does(_another(), HELD, MON)
    stop = pb.SuspendCaseRequest(step="wait", kind=4, reason="chờ", counterpart="Sở khác")  # type: ignore[arg-type]
    departments.does(stop, HELD, "2021-08-10 09:00")
    departments.does(answer(), HELD, "2021-08-11 09:00", PLANNER)
    assert departments.rows(TIMERS)[0]["next_at"] is None
    go_on = pb.ResumeCaseRequest(step="wait", reason="đã có")
    departments.does(go_on, HELD, "2021-08-12 09:00")
    assert clock(departments.rows(TIMERS)[0]["next_at"]) == "2021-08-12 10:00"
    assert departments.looks("2021-08-12 09:59") == 0
    departments.looks("2021-08-12 10:00")
    departments.does(resolve("end"), HELD, "2021-08-12 11:00")
    assert departments.rows(TIMERS) == []
