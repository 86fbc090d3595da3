"""Two processes of routing on one PostgreSQL at the same moment: what one writes the other has
seen, or is run again.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from functools import partial
from typing import Any

import pytest
from motcua.events.v1.common_pb2 import Actor
from motcua.events.v1.event_pb2 import Event
from motcua.routing.v1 import routing_pb2 as pb

from infra.local.postgres import PostgresServer
from kernel.base.clock import FixedClock
from kernel.base.instants import to_timestamp
from kernel.eventsourcing.unit_of_work import UnitOfWork
from office.catalogue.loader import shipped_catalogue
from services.intake.application.decision_context import ContextLoader
from services.intake.application.handlers import DossierHandlers
from tests.support.children import PARENT, Intake
from tests.support.departments import Departments, Desk, call_of, handle
from tests.support.feed import wait_until
from tests.support.locks import waits_for_lock
from tests.support.models import CHILD_OPENER
from tests.support.office_files import office_calendars
from tests.support.routing_cases import AN, LEADER, assign, at, let_go, withdrawal

MON = "2021-08-09 10:00"
CODE = "H22.12-210809-0001"


@pytest.fixture
def database(postgres: PostgresServer) -> Iterator[Callable[[str], str]]:
    """`database(name)`: the address of one more empty database."""
    made: list[str] = []

    def make(name: str) -> str:
        made.append(f"{name}_{uuid.uuid4().hex[:12]}")
        return postgres.create_database(made[-1])

    yield make
    for name in made:
        postgres.drop_database(name)


@pytest.fixture
def both(database: Callable[[str], str]) -> Iterator[tuple[Departments, Departments]]:
    """Two processes of routing on one database."""
    url = database("routing")
    one, other = Departments(url), Departments(url)
    yield one, other
    one.close()
    other.close()


def between(
    one: Departments,
    work: Callable[[UnitOfWork], Any],
    other: Departments,
    meanwhile: Callable[[UnitOfWork], Any],
) -> None:
    """Run work in one process; the other does its own between its looking and its commit."""
    begun: list[Future[Any]] = []

    def overtaken(uow: UnitOfWork) -> None:
        work(uow)
        if not begun:
            begun.append(other.writer.exclusive(meanwhile))
            wait_until(lambda: begun[0].done() or waits_for_lock(one.engine), what="its turn")

    one.writer.exclusive(overtaken).result(30)
    begun[0].result(30)


def command(request: Any, actor: Actor) -> Callable[[UnitOfWork], Any]:
    """Return a command as a process's writer runs it."""
    request.request_id = str(uuid.uuid4())
    code = getattr(request, "dossier_code", "")
    return lambda uow: handle(uow, request, call_of(actor, request, MON, code))


def test_work_given_while_an_absence_is_said_is_covered(
    both: tuple[Departments, Departments],
) -> None:
    """The step that reaches the officer and the word that somebody stands in for the officer."""
    one, other = both
    one.reads(Desk().files(CODE))
    request = assign("appraise", "an")
    request.dossier_code = CODE
    absence = pb.DelegateWorkRequest(
        officer="an", substitute="chi", ends_at=to_timestamp(at("2021-08-13 17:00"))
    )
    given, absent = command(request, AN), command(absence, AN)
    between(one, given, other, absent)
    assert one.kinds(CODE)[-2:] == ["StepAssigned", "WorkDelegated"]


def test_a_child_opened_while_its_parent_is_withdrawn_ends_with_it(
    both: tuple[Departments, Departments], database: Callable[[str], str]
) -> None:
    """The other agency's clock does not run on for a dossier that nobody works on any more."""
    one, other = both
    CHILD_OPENER.handlers = DossierHandlers(
        ContextLoader(shipped_catalogue(), office_calendars()), FixedClock(at(MON))
    )
    desk = Intake(database("intake"))
    try:
        filed = Desk().files(PARENT, process="joint")
        one.reads(filed)
        desk.reads(one.own_events(PARENT))
        wish = Event()
        wish.CopyFrom(filed[-1])
        wish.event_id, wish.sequence = str(uuid.uuid4()), 3
        wish.payload.Pack(withdrawal())
        one.reads([wish])
        opening = partial(one.apply, batch=one.batch(desk.own_events()))
        answer = let_go()
        answer.dossier_code = PARENT
        between(one, opening, other, command(answer, LEADER))
        (child,) = {event.stream_id for event in desk.own_events()}
        assert one.kinds(child) == ["CaseOpened", "CaseWithdrawn"]
        assert one.kinds(PARENT)[-2:] == ["CaseWithdrawn", "ChildEnded"]
    finally:
        CHILD_OPENER.handlers = None
        desk.close()
