"""The due dates of questions on SQLite and PostgreSQL: found by the watch's index, once each."""

from __future__ import annotations

from typing import Any

from motcua.routing.v1.deadline_events_pb2 import DeadlineMissed
from sqlalchemy import update

from kernel.eventsourcing import envelope
from services.routing.domain.alarms import CONSULTATION
from services.routing.tables import DEADLINES
from tests.support.databases import NewDatabase
from tests.support.departments import Departments, Desk
from tests.support.events import name_of, payload_of
from tests.support.routing_cases import PLANNER, answer, ask, resolve, supplement

CODE = "H22.12-210809-0001"
MON = "2021-08-09 10:00"


def rows(departments: Departments) -> list[tuple[int, bool]]:
    """List the due dates of questions: the number, and whether something is still to be said."""
    found = [row for row in departments.rows(DEADLINES) if row["scope"] == CONSULTATION]
    return [(row["number"], row["next_alarm_at"] is not None) for row in found]


def question_events(departments: Departments) -> list[tuple[str, int]]:
    """List what was said of questions."""
    found = []
    for event in departments.own_events(CODE):
        name = name_of(event)
        payload: Any = envelope.payload_of(event)
        if getattr(payload, "scope", 0) == CONSULTATION:
            found.append((name, payload.consultation))
    return found


def test_each_question_is_watched_until_it_is_answered(departments: Departments) -> None:
    """Near, passed and told once each; the answer takes the row away, the end takes them all."""
    departments.reads(Desk().files(CODE, process="same-day", limit="1wd"))
    departments.does(ask("handle", limit="1wd"), CODE, MON)
    other = ask("handle", limit="2wd")
    other.question = "Có tranh chấp?"
    departments.does(other, CODE, MON)
    assert rows(departments) == [(1, True), (2, True)]

    departments.looks("2021-08-10 09:00", 0)
    assert question_events(departments) == []
    departments.looks("2021-08-10 09:00")
    departments.looks("2021-08-10 09:01")
    assert question_events(departments) == [("DeadlineApproaching", 1)]
    departments.looks("2021-08-10 10:00")
    assert question_events(departments)[1:] == [("DeadlineMissed", 1), ("DeadlineEscalated", 1)]
    passed = [e for e in departments.own_events(CODE) if name_of(e) == "DeadlineMissed"]
    (missed,) = [e for e in passed if payload_of(e, DeadlineMissed).consultation]
    (asked, _) = [e for e in departments.own_events(CODE) if name_of(e) == "ConsultationRequested"]
    assert missed.causation_id == asked.event_id
    assert rows(departments) == [(1, False), (2, True)]

    departments.does(answer(1), CODE, "2021-08-10 11:00", PLANNER)
    assert rows(departments) == [(2, True)]
    departments.does(resolve("handle", why="muộn"), CODE, "2021-08-10 11:30")
    assert rows(departments) == []
    assert departments.looks("2021-09-30 10:00") == 0


def test_a_question_is_watched_while_papers_are_awaited(departments: Departments) -> None:
    """The dossier's rows sleep, the question's does not; a spoilt index says nothing twice."""
    departments.reads(Desk().files(CODE))
    departments.takes(CODE)
    departments.does(ask("appraise", limit="1wd"), CODE, MON)
    departments.does(supplement("appraise"), CODE, MON)
    departments.looks("2021-08-10 10:00")
    once = question_events(departments)
    assert once == [("DeadlineMissed", 1), ("DeadlineEscalated", 1)]

    right = departments.rows(DEADLINES)
    with departments.engine.begin() as connection:
        connection.execute(update(DEADLINES).values(next_alarm_at=0))
    departments.looks("2021-08-10 10:01")
    assert question_events(departments) == once
    assert departments.rows(DEADLINES) == right


def test_a_rebuild_has_the_same_rows(new_database: NewDatabase) -> None:
    """What is read from the log gives the index that the commands gave."""
    live, again = (Departments(new_database(name), reacting=name == "a") for name in ("a", "b"))
    try:
        filed = Desk().files(CODE, process="consulted")
        live.reads(filed)
        live.looks("2021-08-11 10:00")
        live.does(answer(1), CODE, "2021-08-11 11:00", PLANNER)
        again.reads([*filed, *live.own_events()])
        assert rows(live) == [(2, False)]
        assert again.views() == live.views()
    finally:
        live.close()
        again.close()
