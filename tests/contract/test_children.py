"""A dossier at another agency, opened for this one: the desk and the departments on databases of
their own, which hear of each other by events alone.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from motcua.events.v1.common_pb2 import ActorKind, Channel
from motcua.events.v1.event_pb2 import Event
from motcua.intake.v1.dossier_events_pb2 import (
    DossierAccepted,
    DossierSubmitted,
    SupplementSubmitted,
)
from motcua.routing.v1.case_events_pb2 import CaseClosed, CaseWithdrawn
from motcua.routing.v1.collaboration_events_pb2 import ChildEnded, ChildRequested

from kernel.base.clock import FixedClock
from kernel.base.errors import Refused
from kernel.base.instants import to_us
from kernel.consumer.applying.reactions import run_some
from kernel.consumer.applying.results import RecordFailed
from office.catalogue.loader import shipped_catalogue
from office.worktime.calendars.vietnam import state_office
from office.worktime.durations import Duration
from office.worktime.working_time import due_at
from services.intake import tables as intake_tables
from services.intake.application.decision_context import ContextLoader
from services.intake.application.handlers import DossierHandlers
from services.routing.tables import CHILDREN, DEADLINES
from tests.support.children import MON, OTHER, PARENT, Intake, same_again
from tests.support.databases import NewDatabase
from tests.support.departments import Departments, Desk, merged
from tests.support.events import changing, make_event, name_of, payload_of
from tests.support.models import CHILD_OPENER
from tests.support.office_files import office_calendars
from tests.support.routing_cases import (
    BINH,
    LEADER,
    at,
    close,
    complete,
    let_go,
    resolve,
    supplement,
    withdrawal,
)
from tests.support.routing_queries import case


@pytest.fixture
def desk(new_database: NewDatabase) -> Iterator[Intake]:
    """The desk with the catalogue that ships."""
    made = Intake(new_database("intake"))
    # The desk's clock and the kernel's are read at different moments.
    CHILD_OPENER.handlers = DossierHandlers(
        ContextLoader(shipped_catalogue(), office_calendars()), FixedClock(at(MON) - 1_234_567)
    )
    yield made
    CHILD_OPENER.handlers = None
    made.close()


def opened(desk: Intake, departments: Departments) -> tuple[list[Event], str]:
    """File the parent, and let both sides hear of each other; gives the parent's own events of the
    desk and the child's code.
    """
    filed = Desk().files(PARENT, process="joint")
    departments.reads(filed)
    desk.reads(departments.own_events(PARENT))
    departments.reads(desk.own_events())
    (code,) = {event.stream_id for event in desk.own_events()}
    return filed, code


def test_a_step_opens_a_dossier_of_its_own_at_the_other_agency(
    desk: Intake, departments: Departments
) -> None:
    """It has its own code, unit and clock, names its parent, and its case is open at once."""
    _, code = opened(desk, departments)
    submitted, accepted = desk.own_events()
    assert code.startswith("H22.05-210809-")
    assert (
        payload_of(submitted, DossierSubmitted).parent_code,
        payload_of(submitted, DossierSubmitted).parent_number,
    ) == (
        PARENT,
        1,
    )
    assert payload_of(submitted, DossierSubmitted).channel == Channel.CHANNEL_INTERNAL
    promise = due_at(state_office(), to_us(accepted.occurred_at), Duration.parse("3wd"))
    assert to_us(payload_of(accepted, DossierAccepted).due_at) == promise
    cause = departments.own_events(PARENT)[1]
    assert {submitted.causation_id, accepted.causation_id} == {cause.event_id}
    assert departments.kinds(code) == ["CaseOpened"]
    shown = case(departments)
    assert [(c.name, c.dossier_code, c.ending) for c in shown.children] == [
        ("environment", code, "")
    ]
    assert case(departments, code).parent_code == PARENT


def test_the_desk_opens_it_once_however_often_it_hears_of_it(
    desk: Intake, departments: Departments
) -> None:
    """A repeat of the record adds nothing."""
    opened(desk, departments)
    first = desk.own_events()
    desk.reads(departments.own_events(PARENT))
    assert desk.own_events() == first


def test_the_parent_waits_for_the_child_and_goes_on_when_it_is_resolved(
    desk: Intake, departments: Departments
) -> None:
    """The child's end stands in the parent's record with the same cause, in one transaction."""
    _, code = opened(desk, departments)
    with pytest.raises(Exception, match="waits for the child dossier"):
        departments.does(complete("appraise"), PARENT, MON, BINH)
    departments.does(complete("appraise"), code, MON, OTHER)
    departments.does(resolve("approve"), code, MON, OTHER)
    child, parent = departments.own_events(code)[-1], departments.own_events(PARENT)[-1]
    assert name_of(child) == "CaseResolved"
    assert name_of(parent) == "ChildEnded"
    assert parent.causation_id == child.causation_id
    payload = payload_of(parent, ChildEnded)
    assert (payload.number, payload.child_code, payload.ending) == (1, code, "resolved")
    assert payload.result_number == "12/GP"
    departments.does(complete("appraise"), PARENT, MON, BINH)
    assert [c.ending for c in case(departments).children] == ["resolved"]


def test_a_child_that_is_withdrawn_lets_its_parent_go_on(
    desk: Intake, departments: Departments
) -> None:
    """Whatever ends it, the parent is told how."""
    opened(desk, departments)
    wish = desk.own_events()[-1]
    event = Event()
    event.CopyFrom(wish)
    event.event_id, event.sequence = "017b2953-0f80-7000-8000-00000000abcd", 3
    event.payload.Pack(withdrawal())
    departments.reads([event])
    departments.does(let_go(), wish.stream_id, MON, LEADER)
    assert departments.kinds(PARENT)[-1] == "ChildEnded"
    assert payload_of(departments.own_events(PARENT)[-1], ChildEnded).ending == "withdrawn"
    departments.does(complete("appraise"), PARENT, MON, BINH)


def withdrawn(departments: Departments, event: Event, number: int) -> Event:
    """Let the citizen's wish to withdraw a dossier be read and approved; gives its event."""
    wish = Event()
    wish.CopyFrom(event)
    wish.event_id, wish.sequence = f"017b2953-0f80-7000-8000-00000000ab{number:02d}", number
    wish.payload.Pack(withdrawal())
    departments.reads([wish])
    departments.does(let_go(), wish.stream_id, MON, LEADER)
    return wish


def test_a_parent_that_is_withdrawn_ends_its_child(
    desk: Intake, departments: Departments, new_database: NewDatabase
) -> None:
    """Nobody waits for its result: the other agency's clock stops, its officers are told of the
    parent, and the desk hears of it; the parent's record says how the child ended.
    """
    filed, code = opened(desk, departments)
    wish = withdrawn(departments, filed[-1], 3)

    assert departments.kinds(PARENT)[-2:] == ["CaseWithdrawn", "ChildEnded"]
    assert departments.kinds(code) == ["CaseOpened", "CaseWithdrawn"]
    event = departments.own_events(code)[-1]
    assert payload_of(event, CaseWithdrawn) == CaseWithdrawn(parent_code=PARENT)
    assert event.actor.kind == ActorKind.ACTOR_KIND_SYSTEM
    assert event.causation_id == departments.own_events(PARENT)[-1].causation_id
    assert [c.ending for c in case(departments).children] == ["withdrawn"]
    assert departments.rows(DEADLINES) == []
    assert departments.looks("2021-12-01 09:00") == 0
    with pytest.raises(Refused) as caught:
        departments.does(complete("appraise"), code, MON, OTHER)
    assert caught.value.code == "CASE_WITHDRAWN"
    same_again(new_database, departments, [*filed, wish, *desk.own_events()])
    desk.reads(departments.own_events(code))
    with desk.engine.connect() as connection:
        rows = connection.execute(intake_tables.DOSSIERS.select()).all()
    assert [row.case_phase for row in rows if row.dossier_code == code] == ["withdrawn"]


def test_a_parent_that_is_closed_ends_its_child_and_a_late_one_is_said_to_be_late(
    desk: Intake, departments: Departments, new_database: NewDatabase
) -> None:
    """Papers never came; the child was late by then, which stays on its record."""
    filed, code = opened(desk, departments)
    departments.does(supplement("appraise"), PARENT, MON)
    departments.does(close(), PARENT, "2021-12-09 10:00")

    assert departments.kinds(PARENT)[-2:] == ["CaseClosed", "ChildEnded"]
    assert departments.kinds(code)[-1] == "CaseWithdrawn"
    assert "DeadlineMissed" in departments.kinds(code)
    closed, event = departments.own_events(PARENT)[-2:]
    assert (
        payload_of(departments.own_events(code)[-1], CaseWithdrawn).reason
        == payload_of(closed, CaseClosed).reason
    )
    assert (closed.actor.id, event.actor.kind) == ("an", ActorKind.ACTOR_KIND_SYSTEM)
    same_again(new_database, departments, [*filed, *desk.own_events()])


def test_a_child_whose_papers_crossed_its_closing_is_waited_for_again(
    desk: Intake, departments: Departments, new_database: NewDatabase
) -> None:
    """Its parent hears that it ended, and that it goes on."""
    filed, code = opened(desk, departments)
    departments.does(supplement("appraise"), code, MON, OTHER)
    departments.does(close(), code, "2021-12-09 10:00", OTHER)
    assert departments.kinds(PARENT)[-1] == "ChildEnded"
    desk_s = desk.own_events()
    late = make_event(
        code,
        "intake",
        1 + max(event.sequence for event in desk_s if event.stream_id == code),
        SupplementSubmitted(round=1),
        actor=OTHER,
        occurred_at=at("2021-12-09 10:00"),
        recorded_at=at("2021-12-09 10:00"),
        causation_id="",
        correlation_id=code,
    )
    departments.reads([late])
    assert departments.kinds(code)[-3:] == ["CaseClosed", "CaseReopened", "CaseResumed"]
    assert departments.kinds(PARENT)[-2:] == ["ChildEnded", "ChildReopened"]
    departments.does(complete("appraise"), code, "2021-12-09 10:01", OTHER)
    departments.does(resolve("approve", why="Chậm."), code, "2021-12-09 10:02", OTHER)
    ended = payload_of(departments.own_events(PARENT)[-1], ChildEnded)
    assert (ended.ending, ended.child_code) == ("resolved", code)
    same_again(new_database, departments, [*filed, *desk_s, late])


def test_a_child_that_is_opened_after_its_parent_ended_ends_at_once(
    desk: Intake, departments: Departments
) -> None:
    """The desk had not heard of the end; its promise is never waited for."""
    filed = Desk().files(PARENT, process="joint")
    departments.reads(filed)
    withdrawn(departments, filed[-1], 3)
    assert departments.kinds(PARENT)[-1] == "CaseWithdrawn"
    desk.reads(departments.own_events(PARENT))
    departments.reads(desk.own_events())
    (code,) = {event.stream_id for event in desk.own_events()}
    assert departments.kinds(code) == ["CaseOpened", "CaseWithdrawn"]
    assert payload_of(departments.own_events(code)[-1], CaseWithdrawn).parent_code == PARENT
    assert departments.kinds(PARENT)[-1] == "ChildEnded"
    assert departments.rows(DEADLINES) == []


def test_a_child_that_has_ended_is_left_as_it_is(desk: Intake, departments: Departments) -> None:
    """Its result stands, whatever becomes of the parent."""
    filed, code = opened(desk, departments)
    departments.does(complete("appraise"), code, MON, OTHER)
    departments.does(resolve("approve"), code, MON, OTHER)
    before = departments.own_events(code)
    withdrawn(departments, filed[-1], 3)
    assert departments.own_events(code) == before
    assert departments.kinds(PARENT).count("ChildEnded") == 1


def test_a_procedure_that_is_not_offered_keeps_the_parent_waiting(
    desk: Intake, departments: Departments
) -> None:
    """The record is quarantined with its reason instead of being lost; nothing is written."""
    departments.reads(Desk().files(PARENT, process="joint"))
    events = departments.own_events(PARENT)
    with changing(events[1], ChildRequested) as asked:
        asked.procedure_code = "9.999999"
    with pytest.raises(RecordFailed):
        desk.reads(events)
    assert desk.own_events() == []


def test_both_databases_are_the_same_again_from_the_log(
    desk: Intake, departments: Departments, new_database: NewDatabase
) -> None:
    """In whatever order the streams are met: the child's before its parent's cause, too."""
    filed, code = opened(desk, departments)
    departments.does(complete("appraise"), code, MON, OTHER)
    departments.does(resolve("approve"), code, MON, OTHER)
    desk.reads(departments.own_events(code))
    departments.reads(desk.own_events()[2:])
    assert name_of(desk.own_events()[2]) == "ResultReturned"
    everything = [*filed, *desk.own_events(), *departments.own_events()]
    streams: dict[tuple[str, str], list[Event]] = {}
    for event in everything:
        streams.setdefault((event.stream_id, event.source), []).append(event)
    known = sorted([*filed, *desk.own_events()], key=lambda e: (e.stream_id, e.sequence))
    for seed in range(3):
        chance = random.Random(seed)
        log = merged(list(streams.values()), [chance.randrange(1000) for _ in range(200)])
        again = Departments(new_database(f"routing{seed}"), reacting=False)
        desk_again = Intake(new_database(f"intake{seed}"), reacting=False)
        try:
            again.reads(log)
            assert again.views() == departments.views()
            desk_again.reads(log)
            assert desk_again.own_events() == known
            # What was left for later is found done: the desk opens no second child.
            clock = FixedClock(at(MON))
            while desk_again.writer.exclusive(lambda uow: run_some(uow, clock)).result()[0]:  # noqa: B023
                pass
            assert desk_again.own_events() == known
        finally:
            again.close()
            desk_again.close()
    assert departments.rows(CHILDREN)[0]["child_code"] == code
