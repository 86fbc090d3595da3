"""The deadline watch on SQLite and PostgreSQL: each thing once, from an index."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from motcua.events.v1.common_pb2 import ActorKind
from motcua.routing.v1 import routing_pb2 as pb
from motcua.routing.v1.deadline_events_pb2 import DeadlineEscalated, DeadlineMissed
from motcua.routing.v1.types_pb2 import DeadlineScope
from sqlalchemy import event, insert, text, update

from kernel.base.errors import Conflict
from services.routing.domain.alarms import DOSSIER, FIRST_ACTION, STEP, SUSPENSION
from services.routing.schedulers import deadlines
from services.routing.tables import DEADLINES
from tests.support.databases import NewDatabase
from tests.support.departments import Departments, Desk
from tests.support.events import name_of, payload_of
from tests.support.routing_cases import IMPORTER, at, complete, resolve, supplement

CODE = "H22.12-210809-0001"
ALARMS = ("DeadlineApproaching", "DeadlineMissed")


def alarms(departments: Departments, code: str = "") -> list[str]:
    return [kind for kind in departments.kinds(code) if kind in ALARMS]


def test_a_due_date_is_said_once(departments: Departments) -> None:
    """At its instant nothing, just after it one event, later looks none."""
    departments.reads(Desk().files(CODE))
    departments.takes(CODE)
    assert departments.looks("2021-08-10 15:00", 0) == 0
    assert departments.looks("2021-08-10 15:00", 1) == 1
    assert departments.looks("2021-08-10 15:01") == 0
    assert departments.looks("2021-08-11 09:01") == 2
    assert departments.looks("2021-08-16 09:01") == 2
    assert departments.looks("2031-08-16 09:01") == 1
    assert departments.looks("2041-08-16 09:01") == 0
    assert alarms(departments) == ["DeadlineApproaching", "DeadlineMissed", "DeadlineMissed"]
    escalations = [e for e in departments.own_events(CODE) if name_of(e) == "DeadlineEscalated"]
    levels = [payload_of(e, DeadlineEscalated) for e in escalations]
    assert [(r.escalation_level, r.scope, r.unit) for r in levels] == [
        ("head", STEP, "H22.12"),
        ("head", DOSSIER, "H22.12"),
        ("leader", DOSSIER, "H22.12"),
    ]


def test_an_alarm_names_the_event_that_set_its_due_date(departments: Departments) -> None:
    """Cause and correlation lead back to it; the system said it, at the moment of the look."""
    departments.reads(Desk().files(CODE))
    departments.takes(CODE)
    departments.looks("2021-08-11 09:30", 0)
    opened, _, missed, _ = departments.own_events(CODE)
    assert missed.causation_id == opened.event_id
    assert missed.correlation_id == opened.correlation_id == CODE
    assert missed.actor.kind == ActorKind.ACTOR_KIND_SYSTEM
    assert missed.occurred_at.ToMicroseconds() == at("2021-08-11 09:30")
    payload = payload_of(missed, DeadlineMissed)
    assert (payload.scope, payload.step, payload.unit) == (
        DeadlineScope.DEADLINE_SCOPE_STEP,
        "appraise",
        "H22.12",
    )
    assert payload.due_at.ToMicroseconds() == at("2021-08-11 09:00")


def test_after_an_outage_everything_missed_is_said_once(departments: Departments) -> None:
    """More dossiers than one portion holds, each with its dates, its levels and being stuck."""
    desk = Desk()
    codes = [f"H22.12-210809-{n:04d}" for n in range(deadlines.DOSSIERS_AT_ONCE + 20)]
    departments.reads([e for code in codes for e in desk.files(code)])
    assert departments.looks("2021-09-09 09:00") == 6 * len(codes)
    assert departments.looks("2021-09-09 09:01") == 0
    assert Counter(alarms(departments)) == {"DeadlineMissed": 3 * len(codes)}


def test_two_services_that_look_at_once_say_everything_once(new_database: NewDatabase) -> None:
    """The stream's key decides: whoever is second says nothing."""
    url = new_database("routing")
    one, two = Departments(url), Departments(url)
    try:
        desk = Desk()
        codes = [f"H22.12-210809-{n:04d}" for n in range(60)]
        one.reads([e for code in codes for e in desk.files(code)])

        def look(departments: Departments) -> None:
            try:
                departments.looks("2021-09-09 09:00")
            except Conflict:
                departments.looks("2021-09-09 09:00")

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(look, [one, two]))
        assert Counter(alarms(one)) == {"DeadlineMissed": 3 * len(codes)}
    finally:
        one.close()
        two.close()


def test_what_is_suspended_ended_or_incomplete_is_not_watched(departments: Departments) -> None:
    """Papers asked for, a result given, or history still coming in: no alarm is set."""
    desk = Desk()
    paused, ended, old = CODE, "H22.12-210809-0002", "old-3"
    departments.reads(desk.files(paused))
    departments.reads(desk.files(ended, process="same-day"))
    departments.reads(desk.files(old, imported_from="receipt"))
    departments.does(supplement("appraise"), paused, "2021-08-09 10:00")
    departments.does(resolve("handle"), ended, "2021-08-09 10:00")
    due = [row for row in departments.rows(DEADLINES) if row["scope"] != SUSPENSION]
    assert [row["next_alarm_at"] for row in due] == [None, None, None]
    assert departments.looks("2021-08-30 09:00") == 0
    departments.reads([desk.papers(paused, "2021-08-11 10:00")])
    departments.takes(paused, when="2021-08-11 10:00")
    departments.does(pb.CompleteImportRequest(), old, "2021-12-09 09:00", IMPORTER)
    assert departments.looks("2021-12-09 09:00") == 6
    assert alarms(departments, old) == ["DeadlineMissed"]
    assert alarms(departments, paused) == ["DeadlineMissed"] * 2


def test_a_wrong_view_says_nothing_twice_and_is_mended(departments: Departments) -> None:
    """The events decide; a row that lags behind them does not stay in the way."""
    departments.reads(Desk().files(CODE))
    departments.takes(CODE)
    departments.looks("2021-09-09 09:00")
    right = departments.rows(DEADLINES)
    with departments.engine.begin() as connection:
        connection.execute(update(DEADLINES).values(next_alarm_at=0, missed=0, warned=0))
    assert departments.looks("2021-09-09 09:01") == 0
    assert departments.rows(DEADLINES) == right
    assert len(alarms(departments)) == 2


def test_a_row_of_a_case_that_is_not_watched_is_mended(departments: Departments) -> None:
    """Even a stray alarm of a suspended case is put away."""
    departments.reads(Desk().files(CODE))
    departments.does(supplement("appraise"), CODE, "2021-08-09 10:00")
    with departments.engine.begin() as connection:
        connection.execute(update(DEADLINES).values(next_alarm_at=0))
    right = at("2021-09-06 10:00")
    assert departments.looks("2021-08-10 09:01") == 0
    assert [row["next_alarm_at"] for row in departments.rows(DEADLINES)] == [None, None, right]


def test_a_step_without_a_limit_has_no_row(departments: Departments) -> None:
    """Only what can become late is kept in the index; that it lies untouched is."""
    desk = Desk()
    departments.reads(desk.files(CODE, process="same-day", limit="8wh"))
    departments.reads(desk.files("H22.12-210809-0002", process="same-day", limit="none"))
    rows = departments.rows(DEADLINES)
    assert [(row["dossier_code"], row["scope"]) for row in rows] == [
        (CODE, DOSSIER),
        (CODE, FIRST_ACTION),
        ("H22.12-210809-0002", FIRST_ACTION),
    ]


def test_a_completed_step_hands_its_row_to_the_next(departments: Departments) -> None:
    """One row for each scope, whatever the number of steps."""
    departments.reads(Desk().files(CODE))
    before = departments.rows(DEADLINES)
    departments.does(complete("appraise"), CODE, "2021-08-09 10:00")
    after = departments.rows(DEADLINES)
    assert [row["scope"] for row in after] == [DOSSIER, STEP]
    assert after[0] == before[0]
    assert after[1]["due_at"] == at("2021-08-09 16:00")


def test_a_look_reads_the_index_alone(departments: Departments) -> None:
    """With many open dossiers and nothing due, neither a scan nor a sort; suspended ones are not
    even in the index.
    """
    rows = [
        {
            "dossier_code": f"d{n:05d}",
            "scope": scope,
            "number": 0,
            "due_at": 10**15 + n,
            "warned": 0,
            "missed": 0,
            "escalation_levels": "",
            "levels_notified": 0,
            "next_alarm_at": None if n % 3 == 0 else 10**15 + n,
            "cause_id": "",
            "correlation_id": "",
        }
        for n in range(5_000)
        for scope in (1, 2)
    ]
    with departments.engine.begin() as connection:
        connection.execute(insert(DEADLINES), rows)
    with departments.engine.connect() as connection:
        postgresql = connection.dialect.name == "postgresql"
        if postgresql:
            connection.execute(text("analyze deadlines"))
        statement = deadlines.due_alarms(at("2021-08-09 09:00"))
        compiled = statement.compile(connection, compile_kwargs={"literal_binds": True})
        explain = "explain" if postgresql else "explain query plan"
        plan = "\n".join(str(row) for row in connection.exec_driver_sql(f"{explain} {compiled}"))
    assert "deadlines_alarm" in plan
    for slow in ("SCAN", "TEMP B-TREE", "Seq Scan", "Sort "):
        assert slow not in plan, plan


def test_a_look_with_nothing_due_reads_nothing_else(departments: Departments) -> None:
    """One statement for each of the two watches, whatever is open, after the one by which each
    transaction knows its tables.
    """
    departments.reads(Desk().files(CODE))
    statements: list[str] = []

    def keep(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    event.listen(departments.engine, "before_cursor_execute", keep)
    assert departments.looks("2021-08-09 09:00") == 0
    sent = [s for s in statements if not s.startswith("BEGIN")]
    assert len(sent) == 4
    assert [s.lstrip()[:6].lower() for s in sent] == ["select"] * 4
    assert ["FROM identities" in s for s in sent] == [True, False] * 2
