"""Routing's views on SQLite and PostgreSQL: work lists, cases, and rebuild equality."""

from __future__ import annotations

import random
from typing import Any

import pytest
from motcua.events.v1.event_pb2 import Event
from motcua.routing.v1 import routing_pb2 as pb
from motcua.routing.v1.types_pb2 import CaseFact, CaseResult
from sqlalchemy import insert, text

from kernel.base import page_token
from kernel.base.clock_skew import MAX_AHEAD
from kernel.base.errors import Forbidden, Invalid, NotFound, Refused
from kernel.base.instants import DAY
from office.worktime.calendars.vietnam import state_office
from office.worktime.durations import Duration
from office.worktime.working_time import due_at
from services.routing.queries import work_lists
from services.routing.tables import CASES, NO_DUE, WORK
from tests.support.databases import NewDatabase
from tests.support.departments import Departments, Desk, merged
from tests.support.routing_cases import (
    AN,
    BINH,
    IMPORTER,
    LEADER,
    PLANNER,
    UNIT,
    answer,
    ask,
    assign,
    at,
    cancel,
    clock,
    close,
    complete,
    draft,
    extend,
    go_on,
    judge,
    keep,
    let_go,
    look,
    paid,
    payment,
    pull,
    resolve,
    send_back,
    stop,
    supplement,
    takes_part,
    withdrawal,
)
from tests.support.routing_queries import CODE, case, work


def test_a_case_is_shown_with_what_can_be_done_next(departments: Departments) -> None:
    """GetCase tells state, step, due dates, history, and the ways on and back."""
    desk = Desk()
    departments.reads(desk.files(CODE))
    departments.does(complete("appraise"), CODE, "2021-08-09 10:00")
    departments.does(assign("review", "binh"), CODE, "2021-08-09 10:00")
    shown = case(departments)
    assert shown.case.state == pb.CaseState.CASE_STATE_RUNNING
    assert (shown.case.unit, shown.case.procedure_code) == (UNIT, "1.012766")
    assert (shown.case.current.step, shown.case.assignee) == ("review", "binh")
    assert (list(shown.next_steps), list(shown.back_steps)) == (["approve"], ["appraise"])
    assert not shown.resolvable
    assert [(e.type, e.step, e.actor, e.note) for e in shown.entries] == [
        ("CaseOpened", "appraise", "routing", ""),
        ("StepCompleted", "appraise", "an", "xong"),
        ("StepAssigned", "review", "an", "binh"),
    ]


def test_an_unknown_dossier_is_not_found(departments: Departments) -> None:
    """Neither reads nor commands make up a case."""
    with pytest.raises(NotFound):
        case(departments, "H22.12-210809-9999")
    with pytest.raises(NotFound):
        departments.does(complete("x"), "H22.12-210809-9999", "2021-08-09 10:00")


def test_a_submitted_dossier_has_no_case_yet(departments: Departments) -> None:
    """Before acceptance the case has no state and commands are refused."""
    departments.reads(Desk().files(CODE)[:1])
    assert case(departments).case.state == pb.CaseState.CASE_STATE_UNSPECIFIED
    with pytest.raises(Refused) as refused:
        departments.does(complete("appraise"), CODE, "2021-08-09 10:00")
    assert refused.value.code == "CASE_NOT_OPEN"


def test_an_ended_case_has_its_result_and_no_current_step(departments: Departments) -> None:
    """After the result the case shows it, and leaves the work list."""
    departments.reads(Desk().files(CODE, process="simple"))
    departments.does(complete("appraise"), CODE, "2021-08-09 10:00")
    answer = departments.does(resolve("approve"), CODE, "2021-08-09 11:00")
    assert answer.case.result == CaseResult.CASE_RESULT_GRANTED
    assert clock(at("2021-08-09 11:00")) == "2021-08-09 11:00"
    shown = case(departments)
    assert shown.case == answer.case
    assert not shown.case.HasField("current")
    assert not shown.resolvable
    assert not work(departments).items


def test_work_is_filtered_by_unit_role_assignee_and_state(departments: Departments) -> None:
    """Every filter given must hold; suspended work is shown on demand."""
    desk = Desk()
    codes = [f"H22.12-210809-{n:04d}" for n in range(1, 5)]
    for code in codes[:3]:
        departments.reads(desk.files(code))
    departments.reads(desk.files(codes[3], unit="H22.13"))
    departments.does(complete("appraise"), codes[1], "2021-08-09 10:00")
    departments.does(assign("appraise", "binh"), codes[0], "2021-08-09 10:00")
    departments.does(supplement("appraise"), codes[2], "2021-08-09 10:00")

    def listed(**more: Any) -> list[str]:
        return [item.dossier_code[-4:] for item in work(departments, **more).items]

    assert listed() == ["0002", "0001", "0004"]
    assert listed(unit=UNIT) == ["0002", "0001"]
    assert listed(unit="H22.13") == ["0004"]
    assert listed(unit=UNIT, role="head") == ["0002"]
    assert listed(assignee="binh") == ["0001"]
    assert listed(state=pb.CaseState.CASE_STATE_SUSPENDED) == ["0003"]
    assert listed(overdue=True) == []
    late = work(departments, "2021-08-10 10:00", overdue=True)
    assert [item.dossier_code for item in late.items] == [codes[1]]
    assert late.items[0].overdue


def test_pages_of_work_hold_every_row_once_in_the_order_of_due_dates(
    departments: Departments,
) -> None:
    """Rows with the same due date, and without one, are paged over without loss or repeat."""
    desk = Desk()
    events: list[Event] = []
    for number in range(25):
        when = f"2021-08-09 {7 + number % 3:02d}:00"
        process, limit = ("same-day", "none") if number % 5 == 0 else ("standard", "5wd")
        code = f"H22.12-210809-{number:04d}"
        events += desk.files(code, when, process=process, limit=limit)
    departments.reads(events)
    seen: list[str] = []
    token = ""
    while True:
        page = work(departments, page_size=4, page_token=token)
        seen += [item.dossier_code for item in page.items]
        token = page.next_page_token
        if not token:
            break
    rows = sorted((row["due_at"], row["dossier_code"]) for row in departments.rows(WORK))
    assert seen == [code for _, code in rows]
    assert [due for due, _ in rows][-5:] == [NO_DUE] * 5


@pytest.mark.parametrize("token", ["x", "%%%", "bm90aGluZw==", "///=="])
def test_a_made_up_page_token_is_refused(departments: Departments, token: str) -> None:
    """The field is named."""
    with pytest.raises(Invalid) as wrong:
        work(departments, page_token=token)
    assert [v.field for v in wrong.value.violations] == ["page_token"]


@pytest.mark.parametrize(
    "filters", [{}, {"unit": "U1"}, {"unit": "U1", "role": "r"}, {"assignee": "an"}]
)
def test_a_page_of_work_is_read_from_an_index(
    departments: Departments, filters: dict[str, Any]
) -> None:
    """Neither a scan of all cases nor a sort."""
    rows = [
        {
            "dossier_code": f"d{n:05d}",
            "state": 1,
            "unit": f"U{n % 50}",
            "role": "r",
            "assignee": f"a{n % 100}",
            "due_at": n,
        }
        for n in range(5_000)
    ]
    with departments.engine.begin() as connection:
        connection.execute(insert(WORK), rows)
        connection.execute(insert(CASES), [{"dossier_code": row["dossier_code"]} for row in rows])
    with departments.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("analyze work"))
            connection.execute(text("analyze cases"))
        request = pb.ListWorkRequest(
            **filters, page_token=page_token.pack(100, "d00100"), page_size=20
        )
        statement = work_lists.work_page(request, 0, [request.unit])
        compiled = statement.compile(connection, compile_kwargs={"literal_binds": True})
        explain = "explain" if connection.dialect.name == "postgresql" else "explain query plan"
        plan = "\n".join(str(row) for row in connection.exec_driver_sql(f"{explain} {compiled}"))
    assert "work_" in plan
    for slow in ("SCAN work", "SCAN cases", "TEMP B-TREE", "Seq Scan", "Sort "):
        assert slow not in plan, plan


def test_another_system_s_history_is_counted(departments: Departments) -> None:
    """Steps are kept from before the case to after its end; importers say when things happened."""
    desk = Desk()
    first, second = desk.files(CODE, imported_from="receipt", process="imported")
    departments.reads([first])
    step = pb.RecordStepRequest(activity="T02", unit="Group 1", performer="R1", source_row="1")
    answer = departments.does(step, CODE, "2021-08-09 09:00", IMPORTER)
    assert answer.steps == 1
    departments.reads([second])
    ended = pb.ResolveCaseRequest(result=CaseResult.CASE_RESULT_GRANTED)
    ended.occurred_at.FromSeconds(at("2011-01-01 10:00") // 1_000_000)
    departments.does(ended, CODE, "2021-08-09 10:00", IMPORTER)
    assert departments.does(step, CODE, "2021-08-09 10:00", IMPORTER).steps == 2
    done = departments.does(pb.CompleteImportRequest(), CODE, "2021-08-09 10:00", IMPORTER)
    assert done.steps == 2
    shown = case(departments)
    assert clock(shown.case.ended_at.ToMicroseconds()) == "2011-01-01 10:00"
    assert shown.case.history_complete
    entry = next(e for e in shown.entries if e.type == "StepRecorded")
    assert (entry.step, entry.unit, entry.actor) == ("T02", "Group 1", "R1")


def test_an_importer_can_t_speak_of_the_future(departments: Departments) -> None:
    """The field is named, and nothing is written."""
    departments.reads(Desk().files(CODE, imported_from="receipt"))
    step = pb.RecordStepRequest(activity="T02", source_row="1")
    step.occurred_at.FromMicroseconds(at("2021-08-09 10:00") + MAX_AHEAD + 1)
    with pytest.raises(Invalid) as wrong:
        departments.does(step, CODE, "2021-08-09 10:00", IMPORTER)
    assert [v.field for v in wrong.value.violations] == ["occurred_at"]
    assert departments.kinds(CODE) == ["CaseOpened"]


def test_an_officer_s_word_for_when_it_happened_is_not_taken(departments: Departments) -> None:
    """Only importers bring in the past."""
    departments.reads(Desk().files(CODE, process="same-day"))
    ended = resolve("handle")
    ended.occurred_at.FromSeconds(0)
    departments.does(ended, CODE, "2021-08-09 10:00")
    assert departments.own_events(CODE)[-1].occurred_at.ToMicroseconds() == at("2021-08-09 10:00")


def live(departments: Departments, chance: random.Random) -> list[Event]:
    """Let some dossiers live through random commands; gives the desk's events."""
    desk = Desk()
    heard: list[Event] = []
    codes = [f"H22.12-210809-{n:04d}" for n in range(1, 13)]
    for number, code in enumerate(codes):
        imported = "old" if number % 6 == 5 else ""
        names = ["standard", "simple", "same-day", "two-level", "consulted", "on-the-spot"]
        process = chance.choice(names)
        policy, limit = chance.choice(["keep", "restart"]), chance.choice(["5wd", "8wh", "none"])
        events = desk.files(
            code, process=process, policy=policy, limit=limit, imported_from=imported
        )
        heard += events
        departments.reads(events)
    now = at("2021-08-09 09:00")
    for _ in range(240):
        now += chance.randrange(DAY // 8)
        when = clock(now)
        _step(departments, desk, heard, chance, chance.choice(codes), when)
        if chance.random() < 0.3:
            departments.looks(when)
    return heard


def _step(
    departments: Departments,
    desk: Desk,
    heard: list[Event],
    chance: random.Random,
    code: str,
    when: str,
) -> None:
    row = next(r for r in departments.rows(CASES) if r["dossier_code"] == code)
    here = row["step"]
    choice = chance.randrange(10)
    if choice == 0:
        event = desk.says(code, withdrawal(), when)
    elif choice in (1, 2):
        event = desk.papers(code, when, row["round"] or 1)
    else:
        requests = [
            (complete(here), BINH),
            (complete(here), BINH),
            (complete(here), BINH),
            (send_back(here), BINH),
            (assign(here, "binh"), BINH),
            (supplement(here), BINH),
            (payment(here, until=_later(when)), BINH),
            (paid(here), BINH),
            (stop(here), BINH),
            (go_on(here), BINH),
            (close(row["round"] or 1), BINH),
            (_extension(row), BINH),
            (_proposal(here, chance), BINH),
            (look(here), BINH),
            (pull(here), BINH),
            (ask(here, chance.random() < 0.2, "1wd"), BINH),
            (answer(chance.randrange(1, 4)), PLANNER),
            (answer(chance.randrange(1, 4)), PLANNER),
            (cancel(chance.randrange(1, 4)), BINH),
            (draft(here, chance.choice("ab")), AN),
            (judge(chance.randrange(1, 3), 2), LEADER),
            (takes_part(chance.randrange(3)), BINH),
            (_correction(chance), BINH),
            (let_go(row["withdrawals"] or 1), LEADER),
            (keep(row["withdrawals"] or 1), LEADER),
            (resolve(here, why="vì"), BINH),
            (pb.RecordStepRequest(activity="A", source_row="1"), IMPORTER),
            (pb.CompleteImportRequest(), IMPORTER),
        ]
        request, actor = chance.choice(requests)
        try:
            departments.does(request, code, when, actor)
        except (Refused, Forbidden):
            pass
        return
    heard.append(event)
    departments.reads([event])


def _proposal(step: str, chance: random.Random) -> pb.CompleteStepRequest:
    outcome, area = chance.choice(["grant", "reject"]), str(chance.choice([10, 5000]))
    facts = [CaseFact(name="outcome", value=outcome), CaseFact(name="area", value=area)]
    return pb.CompleteStepRequest(step=step, facts=facts)


def _correction(chance: random.Random) -> pb.CorrectCaseRequest:
    return pb.CorrectCaseRequest(result_number=f"{chance.randrange(9)}/GP", reason="gõ nhầm")


def _later(when: str) -> str:
    return clock(at(when) + 2 * DAY)


def _extension(row: dict[str, Any]) -> pb.ExtendDeadlineRequest:
    due = row["due_at"] or at("2021-08-16 09:00")
    later = due_at(state_office(), due, Duration.parse("3wd"))
    return extend(clock(due), clock(later))


@pytest.mark.parametrize("seed", range(4))
def test_a_rebuild_from_the_log_is_equal_row_for_row(new_database: NewDatabase, seed: int) -> None:
    """Whatever way the sources' events are interleaved in the log, every view is the same again."""
    chance = random.Random(seed)
    first = Departments(new_database("live"))
    again = Departments(new_database("rebuilt"), reacting=False)
    try:
        heard = live(first, chance)
        streams: dict[tuple[str, str], list[Event]] = {}
        for event in [*heard, *first.own_events()]:
            streams.setdefault((event.stream_id, event.source), []).append(event)
        turns = [chance.randrange(1000) for _ in range(5000)]
        log = merged(list(streams.values()), turns)
        for start in range(0, len(log), 50):
            again.reads(log[start : start + 50])
        assert again.views() == first.views()
    finally:
        first.close()
        again.close()
