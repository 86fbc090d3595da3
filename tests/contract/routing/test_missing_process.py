"""A process that open cases need is gone after a restart, on SQLite and PostgreSQL."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from motcua.routing.v1 import routing_pb2 as pb
from sqlalchemy import text
from structlog.testing import capture_logs

from kernel.base.errors import Refused
from kernel.eventsourcing.command_context import Call
from kernel.storage.index_scan import select_values
from office.process.model.process import Processes
from services.routing.application.recalculation_batches import Recalculate
from services.routing.schedulers import step_timers as timer_watch
from services.routing.schedulers.missing_processes import missing_process_scheduler
from services.routing.tables import CASES, TIMERS
from tests.support.databases import NewDatabase
from tests.support.departments import Departments, Desk, handle
from tests.support.models import OFFICE
from tests.support.models import ROUTING as MODEL
from tests.support.recalculate import BOSS
from tests.support.routing_cases import LEADER, PLANNER, UNIT, answer, assign, at, complete

MON = "2021-08-09 10:00"
LOST, LOST_TOO, KEPT = (f"{UNIT}-210809-{number:04d}" for number in (1, 2, 3))


@pytest.fixture
def departments(
    new_database: NewDatabase, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Departments]:
    """Two cases of a process that will go and one of another that stays, with steps alike."""
    consulted = OFFICE.processes.latest("consulted")
    processes = Processes([*OFFICE.processes.all(), replace(consulted, name="kept")])
    monkeypatch.setattr(OFFICE, "processes", processes)
    made = Departments(new_database("routing"))
    desk = Desk()
    made.reads(desk.files(LOST, process="consulted"))
    made.reads(desk.files(LOST_TOO, process="consulted"))
    made.reads(desk.files(KEPT, process="kept"))
    yield made
    made.close()


@pytest.fixture
def gone(departments: Departments, monkeypatch: pytest.MonkeyPatch) -> None:
    """The start without the file of one process."""
    lose(monkeypatch)


def lose(monkeypatch: pytest.MonkeyPatch) -> None:
    rest = [p for p in OFFICE.processes.all() if p.name != "consulted"]
    monkeypatch.setattr(OFFICE, "processes", Processes(rest))


def proposes(departments: Departments, code: str) -> None:
    """Complete the first step, so that a timer runs."""
    departments.does(answer(), code, MON, PLANNER)
    request = pb.CompleteStepRequest(step="appraise")
    request.facts.add(name="outcome", value="reject")
    request.facts.add(name="area", value="5")
    departments.does(request, code, MON)


def refused(departments: Departments, request: Any, *who: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        departments.does(request, LOST, MON, *who)
    return caught.value


def test_a_call_on_such_a_case_is_refused_with_the_name_of_the_process(
    departments: Departments, gone: None
) -> None:
    """In both languages, with process and version, and nothing is written; others go on."""
    before = departments.kinds()
    for why in (
        refused(departments, answer(), PLANNER),
        refused(departments, complete("appraise")),
        refused(departments, assign("appraise", "an")),
    ):
        assert why.code == "PROCESS_MISSING"
        assert "quy trình consulted phiên bản 1" in why.vi
        assert "process consulted version 1" in why.en
    assert departments.kinds() == before
    proposes(departments, KEPT)
    assert departments.rows(CASES)[2]["step"] == "approve"


def test_such_a_case_can_be_brought_to_a_process_that_is_there(
    departments: Departments, gone: None
) -> None:
    """Moved, it is worked like any other."""
    over = pb.MoveCaseRequest(process="simple", process_version=1, reason="mất tệp")
    departments.does(over, LOST, MON, LEADER)
    departments.does(answer(), LOST, MON, PLANNER)
    departments.does(complete("appraise"), LOST, MON)
    assert departments.rows(CASES)[0]["step"] == "approve"


def test_a_substitute_is_given_such_a_case_too(
    departments: Departments, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An absence begins and ends whatever became of the process: it is not about the officer's
    steps.
    """
    for code in (LOST, KEPT):
        departments.takes(code, when=MON)
    lose(monkeypatch)
    request = pb.DelegateWorkRequest(officer="an", substitute="binh")
    request.ends_at.FromMicroseconds(at("2021-08-20 17:00"))
    assert departments.delegates(request, MON) == [LOST, KEPT]
    assert departments.ends_absence(MON) == [LOST, KEPT]


@pytest.mark.parametrize("way", ["preview", "change"])
def test_a_recalculation_goes_on_with_the_others_and_names_these(
    departments: Departments, gone: None, way: str
) -> None:
    """Shown or written: the page is answered, and lists dossier, process and version."""
    if way == "preview":
        with departments.engine.connect() as connection:
            ask = pb.PreviewRecalculationRequest()
            page: Any = Recalculate(OFFICE).preview(connection, MODEL, ask, at(MON))
    else:
        request = pb.RecalculateDeadlinesRequest(request_id=str(uuid.uuid4()), reason="bão")
        call = Call(BOSS, "vi", request.request_id, at(MON), at(MON), "", "", digest=b"digest")
        page = departments.writer.submit(lambda uow: handle(uow, request, call)).result()
    assert page.looked_at == 3
    assert [(s.dossier_code, s.process, s.process_version) for s in page.skipped] == [
        (LOST, "consulted", 1),
        (LOST_TOO, "consulted", 1),
    ]


def test_due_dates_of_such_cases_are_watched(departments: Departments, gone: None) -> None:
    """Their citizens wait, too: what passes is said."""
    departments.looks("2021-08-30 10:00")
    for code in (LOST, KEPT):
        assert "DeadlineMissed" in departments.kinds(code)


def test_timers_of_others_do_not_wait_behind_those_of_such_cases(
    departments: Departments, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many stand before them; the log names those that were left out, each once."""
    monkeypatch.setattr(timer_watch, "AT_ONCE", 1)
    for code in (LOST, LOST_TOO, KEPT):
        proposes(departments, code)
    lose(monkeypatch)
    now = at("2021-08-30 10:00")
    look = timer_watch.step_timer_scheduler(OFFICE)
    with capture_logs() as lines:
        for _ in range(3):
            departments.writer.exclusive(lambda uow: look(uow, now)).result()
    assert "StepSentBack" in departments.kinds(KEPT)
    logged = [line for line in lines if line["event"] == "timer.skipped"]
    assert [(line["dossier"], line["process"], line["version"]) for line in logged] == [
        (LOST, "consulted", 1)
    ]
    assert [row["dossier_code"] for row in departments.rows(TIMERS)] == [LOST, LOST_TOO]


def test_the_start_names_each_process_that_is_missing(
    departments: Departments, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once, with the number of open cases; nothing while all are there."""
    with capture_logs() as lines:
        departments.writer.exclusive(lambda uow: missing_process_scheduler(OFFICE)(uow, 0)).result()
    assert lines == []
    lose(monkeypatch)
    with capture_logs() as lines:
        missing = departments.writer.exclusive(
            lambda uow: missing_process_scheduler(OFFICE)(uow, 0)
        ).result()
    assert missing == 0
    assert [{k: v for k, v in line.items() if k != "module"} for line in lines] == [
        {
            "event": "process.missing",
            "log_level": "error",
            "process": "consulted",
            "version": 1,
            "open_cases": 2,
            "such_as": LOST,
        }
    ]


def test_it_is_asked_of_an_index(new_database: NewDatabase) -> None:
    """The look costs by processes, not by cases."""
    made = Departments(new_database("routing"))
    select = select_values(CASES.c.process, CASES.c.ended_at.is_(None))
    statement = str(select.compile(made.engine, compile_kwargs={"literal_binds": True}))
    with made.engine.connect() as connection:
        lite = connection.dialect.name == "sqlite"
        if not lite:
            connection.execute(text("SET enable_seqscan = off"))
        plan = connection.execute(text(f"EXPLAIN {'QUERY PLAN ' if lite else ''}{statement}")).all()
    made.close()
    assert "cases_process" in str(plan)
