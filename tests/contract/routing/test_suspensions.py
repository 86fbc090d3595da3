"""The clock's ledger on SQLite and PostgreSQL: what officers see, and what the watch says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from motcua.events.v1.common_pb2 import ActorKind
from motcua.routing.v1 import routing_pb2 as pb
from motcua.routing.v1.types_pb2 import SuspensionKind

from kernel.base.errors import Refused
from services.routing.domain.alarms import SUSPENSION
from services.routing.queries import case as queries
from services.routing.tables import DEADLINES
from tests.support.databases import NewDatabase
from tests.support.departments import Departments, Desk
from tests.support.events import name_of
from tests.support.office_files import standard_processes
from tests.support.routing_cases import (
    BINH,
    LEADER,
    at,
    clock,
    close,
    extend,
    go_on,
    paid,
    payment,
    stop,
    supplement,
)

CODE = "H22.12-210809-0001"


@pytest.fixture
def departments(new_database: NewDatabase) -> Iterator[Departments]:
    """Routing on an empty database, with one case at its first step."""
    made = Departments(new_database("routing"))
    made.reads(Desk().files(CODE))
    yield made
    made.close()


def case(departments: Departments, now: str) -> pb.Case:
    with departments.engine.connect() as connection:
        request = pb.GetCaseRequest(dossier_code=CODE)
        return queries.get_case(connection, request, standard_processes(), at(now)).case


def test_a_suspension_is_shown_while_it_lasts(departments: Departments) -> None:
    """Why, since when, until when, how much and by whom; nothing of it once the clock goes on."""
    asked = payment("appraise", 150_000, 0, until="2021-08-12 10:00")
    departments.does(asked, CODE, "2021-08-09 10:00", BINH)
    shown = case(departments, "2021-08-10 10:00")
    assert shown.state == pb.CaseState.CASE_STATE_SUSPENDED
    assert shown.suspension.kind == SuspensionKind.SUSPENSION_KIND_FINANCIAL
    assert (shown.suspension.payment.phi, shown.suspension.actor) == (150_000, "binh")
    assert clock(shown.suspension.since.ToMicroseconds()) == "2021-08-09 10:00"
    assert clock(shown.suspension.expected_end_at.ToMicroseconds()) == "2021-08-12 10:00"
    assert not shown.suspension.expired
    assert case(departments, "2021-08-12 10:01").suspension.expired
    departments.does(paid("appraise", 150_000, 0), CODE, "2021-08-10")
    assert not case(departments, "2021-08-10 10:00").HasField("suspension")


def test_the_first_promise_is_kept_beside_the_one_that_holds(departments: Departments) -> None:
    """A pause and an extension move the date; the first one never changes."""
    departments.does(stop("appraise"), CODE, "2021-08-09 10:00")
    departments.does(go_on("appraise"), CODE, "2021-08-10 10:00")
    shown = case(departments, "2021-08-10 10:00")
    assert clock(shown.due_at.ToMicroseconds()) == "2021-08-17 09:00"
    moved = extend("2021-08-17 09:00", "2021-08-25 10:00")
    departments.does(moved, CODE, "2021-08-11 10:00", LEADER)
    shown = case(departments, "2021-08-11 10:00")
    assert clock(shown.first_due_at.ToMicroseconds()) == "2021-08-16 09:00"
    assert clock(shown.due_at.ToMicroseconds()) == "2021-08-25 10:00"
    assert (shown.apology_number, clock(shown.extended_at.ToMicroseconds())) == (
        "12/PXL",
        "2021-08-11 10:00",
    )
    signed = departments.own_events(CODE)[-1]
    assert (signed.actor.kind, signed.actor.id) == (ActorKind.ACTOR_KIND_OFFICER, "sep")


def test_a_second_click_finds_the_case_suspended(departments: Departments) -> None:
    """Another request for the same is told what changed, and nothing happens twice."""
    departments.does(stop("appraise"), CODE, "2021-08-09 10:00")
    with pytest.raises(Refused) as refused:
        departments.does(stop("appraise"), CODE, "2021-08-09 10:00", BINH)
    assert refused.value.code == "CASE_SUSPENDED"
    assert Counter(departments.kinds(CODE))["CaseSuspended"] == 1


def test_the_citizen_s_time_is_watched_from_the_index(departments: Departments) -> None:
    """One row while it runs; warned, ended once, and gone when the papers come."""
    departments.does(supplement("appraise"), CODE, "2021-08-09 10:00")
    (row,) = [r for r in departments.rows(DEADLINES) if r["scope"] == SUSPENSION]
    assert clock(row["next_alarm_at"]) == "2021-09-06 10:00"
    assert departments.looks("2021-09-06 10:00", 0) == 0
    assert departments.looks("2021-09-06 10:00", 1) == 1
    assert departments.looks("2021-09-08 10:00", 0) == 0
    assert departments.looks("2021-09-08 10:00", 1) == 1
    assert departments.looks("2022-09-08 10:00") == 0
    assert departments.kinds(CODE)[-2:] == ["DeadlineApproaching", "SupplementExpired"]
    answer = departments.does(close(), CODE, "2021-09-09 10:00")
    assert answer.case.state == pb.CaseState.CASE_STATE_CLOSED
    assert departments.rows(DEADLINES) == []
    assert departments.kinds(CODE)[-1] == "CaseClosed"


def test_closing_before_the_watch_has_looked_says_the_end_first(departments: Departments) -> None:
    """That the time ended is nobody's deed; that the case is closed is the officer's."""
    departments.does(supplement("appraise"), CODE, "2021-08-09 10:00")
    departments.does(close(), CODE, "2021-09-09 10:00")
    expired, closed = departments.own_events(CODE)[-2:]
    assert name_of(expired) == "SupplementExpired"
    assert expired.actor.kind == ActorKind.ACTOR_KIND_SYSTEM
    assert name_of(closed) == "CaseClosed"
    assert closed.actor.id == "an"
