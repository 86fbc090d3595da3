"""The eight working hours of the desk, on SQLite and PostgreSQL: near and over are said once each,
from an index.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from motcua.events.v1.common_pb2 import ActorKind
from motcua.events.v1.event_pb2 import Event
from motcua.intake.v1.dossier_events_pb2 import (
    DeskCheckApproaching,
    DeskCheckMissed,
    DossierAccepted,
    DossierRefused,
    DossierSubmitted,
    DossierWithdrawn,
)
from motcua.intake.v1.event_parts_pb2 import FeesDue
from motcua.intake.v1.fee_events_pb2 import FeeCancelled, FeeRecorded
from motcua.intake.v1.types_pb2 import FeeTiming
from sqlalchemy import Engine, select, text, update

from kernel.base.instants import HOUR, to_timestamp, to_us
from kernel.eventsourcing.unit_of_work import UnitOfWork
from services.intake.schedulers.desk_checks import DOSSIERS_AT_ONCE, due_checks, scan_desk_checks
from services.intake.tables import DOSSIERS, KERNEL
from tests.support.databases import NewDatabase
from tests.support.events import name_of, payload_of
from tests.support.intake_samples import MONDAY
from tests.support.intake_store import Story, opened, put, rows
from tests.support.models import INTAKE as MODEL

CODE = "H22.12-210809-0001"
WARN, DUE = MONDAY + 4 * HOUR, MONDAY + 8 * HOUR
TIMES: dict[str, Any] = {"answer_due_at": to_timestamp(DUE), "answer_warn_at": to_timestamp(WARN)}
ONLINE = DossierSubmitted(unit="H22.12", **TIMES)
OWES = FeesDue(timing=FeeTiming.FEE_TIMING_BEFORE, phi=5_000)
NEAR, GONE = "DeskCheckApproaching", "DeskCheckMissed"


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """An empty database of the desk."""
    with opened(database_url) as engine:
        yield engine


def look(engine: Engine, now: int) -> int:
    """Let the watch look until nothing is left; gives how many it said."""
    total = 0
    while True:
        with engine.begin() as connection:
            uow = UnitOfWork(connection, MODEL, None, 0)
            payloads = scan_desk_checks(uow, now)
            uow.flush()
        if not payloads:
            return total
        total += payloads


def desk_check_events(engine: Engine) -> list[Event]:
    """Return what the watch has said."""
    events = KERNEL.events.c
    query = select(events.body).where(events.type.startswith("motcua.intake.v1.DeskCheck"))
    with engine.connect() as connection:
        found = connection.execute(query.order_by(events.stream_id, events.sequence))
        return [Event.FromString(body) for (body,) in found]


def after(engine: Engine, event: Event) -> Event:
    """Number an event of the desk behind what the watch has said."""
    event.sequence += len(desk_check_events(engine))
    return event


def kinds(engine: Engine) -> list[str]:
    """Return what the watch has said."""
    return [name_of(event) for event in desk_check_events(engine)]


def alarm_at(engine: Engine) -> int | None:
    """Return the instant at which the watch looks at the dossier again."""
    with engine.connect() as connection:
        found: int | None = connection.execute(select(DOSSIERS.c.check_alarm_at)).scalar_one()
        return found


def test_an_unchecked_dossier_is_said_once(engine: Engine) -> None:
    """Near, then over; neither at its very instant, each once after it; the cause is the
    submission, nobody did it.
    """
    story = Story(CODE).tell("intake", ONLINE)
    put(engine, story.events)
    assert alarm_at(engine) == WARN
    assert look(engine, WARN) == 0
    assert look(engine, WARN + 1) == 1
    assert alarm_at(engine) == DUE
    assert look(engine, DUE) == 0
    assert look(engine, DUE + 1) == 1
    assert alarm_at(engine) is None
    assert look(engine, DUE + 1000 * HOUR) == 0
    near, gone = desk_check_events(engine)
    for event, payload in (
        (near, payload_of(near, DeskCheckApproaching)),
        (gone, payload_of(gone, DeskCheckMissed)),
    ):
        assert event.causation_id == story.events[0].event_id
        assert event.actor.kind == ActorKind.ACTOR_KIND_SYSTEM
        assert payload.unit == "H22.12"
        assert payload.answer_due_at == ONLINE.answer_due_at
    assert to_us(near.occurred_at) == WARN + 1
    assert kinds(engine) == [NEAR, GONE]


def test_one_of_before_warnings_is_said_to_be_over_alone(engine: Engine) -> None:
    """Its submission tells no instant of a warning."""
    old = DossierSubmitted(unit="H22.12", answer_due_at=to_timestamp(DUE))
    put(engine, Story(CODE).tell("intake", old).events)
    assert alarm_at(engine) == DUE
    assert look(engine, DUE) == 0
    assert look(engine, DUE + 1) == 1
    assert kinds(engine) == [GONE]


@pytest.mark.parametrize("ending", [DossierAccepted(), DossierRefused(), DossierWithdrawn()])
def test_what_was_answered_is_not_said(engine: Engine, ending: object) -> None:
    """Accepted, refused or let go in time: neither that its time is nearly over, nor that it is."""
    story = Story(CODE).tell("intake", ONLINE)
    put(engine, story.tell("intake", ending).events)  # type: ignore[arg-type]
    assert look(engine, WARN + 1) == look(engine, DUE + 1) == 0


def test_what_was_answered_after_the_warning_is_not_said_to_be_over(engine: Engine) -> None:
    """The warning was of use."""
    story = Story(CODE).tell("intake", ONLINE)
    put(engine, story.events)
    look(engine, WARN + 1)
    story.tell("intake", DossierAccepted())
    put(engine, [after(engine, story.events[-1])])
    assert alarm_at(engine) is None
    assert look(engine, DUE + 1) == 0
    assert kinds(engine) == [NEAR]


def test_while_a_fee_is_awaited_nothing_is_said(engine: Engine) -> None:
    """It is the citizen's turn. The payment gives the desk its time, of which all is said."""
    owed = DossierSubmitted(unit="H22.12", fees=OWES, **TIMES)
    story = Story(CODE).tell("intake", owed)
    put(engine, story.events)
    assert alarm_at(engine) is None
    assert look(engine, DUE + HOUR) == 0
    later: dict[str, Any] = {
        name: to_timestamp(to_us(instant) + 24 * HOUR) for name, instant in TIMES.items()
    }
    story.tell("intake", FeeRecorded(phi=5_000, phi_receipt="P", settled=True, **later))
    put(engine, story.events[1:])
    assert look(engine, WARN + 24 * HOUR + 1) == 1
    assert look(engine, DUE + 24 * HOUR) == 0
    assert look(engine, DUE + 24 * HOUR + 1) == 1
    assert kinds(engine) == [NEAR, GONE]


def test_a_payment_that_is_taken_back_silences_the_watch(engine: Engine) -> None:
    """Warned of already, and then the fee is owed again."""
    owed = DossierSubmitted(unit="H22.12", fees=OWES, **TIMES)
    paid = FeeRecorded(phi=5_000, phi_receipt="P", settled=True, **TIMES)
    story = Story(CODE).tell("intake", owed).tell("intake", paid)
    put(engine, story.events)
    assert look(engine, WARN + 1) == 1
    story.tell("intake", FeeCancelled(sequence=2, reason="Nhầm"))
    put(engine, [after(engine, story.events[-1])])
    assert look(engine, DUE + 1) == 0
    assert kinds(engine) == [NEAR]


def test_what_came_to_the_counter_has_no_such_limit(engine: Engine) -> None:
    """Only online dossiers wait for a check."""
    put(engine, Story(CODE).tell("intake", DossierSubmitted()).events)
    assert look(engine, DUE + 1000 * HOUR) == 0


def test_after_an_outage_each_is_said_once(engine: Engine) -> None:
    """More than one portion holds; that its time was nearly over is of no use any more."""
    count = DOSSIERS_AT_ONCE + 30
    stories = [Story(f"H22.12-210809-{n:04d}").tell("intake", ONLINE) for n in range(count)]
    put(engine, [event for story in stories for event in story.events])
    assert look(engine, DUE + 72 * HOUR) == count
    assert look(engine, DUE + 72 * HOUR) == 0
    assert kinds(engine) == [GONE] * count


@pytest.mark.parametrize("now", [WARN, WARN + 1, DUE + 1])
def test_a_rebuild_has_the_same_rows(new_database: NewDatabase, now: int) -> None:
    """Before the warning, after it, and after the end."""
    story = Story(CODE).tell("intake", ONLINE)
    with opened(new_database("live")) as live, opened(new_database("again")) as again:
        put(live, story.events)
        look(live, now)
        put(again, [*story.events, *desk_check_events(live)])
        assert rows(again) == rows(live)


def test_a_row_that_lags_behind_is_mended(engine: Engine) -> None:
    """The events decide, and the row does not stay in the way."""
    put(engine, Story(CODE).tell("intake", ONLINE).events)
    for now, right in ((WARN, WARN), (WARN + 1, DUE), (DUE + 1, None)):
        look(engine, now)
        with engine.begin() as connection:
            connection.execute(update(DOSSIERS).values(check_alarm_at=0))
        assert look(engine, now) == 0
        assert alarm_at(engine) == right
    assert kinds(engine) == [NEAR, GONE]


def test_a_look_reads_the_index_alone(engine: Engine) -> None:
    """No scan and no sort."""
    stories = [Story(f"H22.12-210809-{n:04d}").tell("intake", ONLINE) for n in range(400)]
    put(engine, [event for story in stories for event in story.events])
    with engine.connect() as connection:
        postgresql = connection.dialect.name == "postgresql"
        if postgresql:
            connection.execute(text("analyze dossiers"))
        compiled = due_checks(MONDAY).compile(connection, compile_kwargs={"literal_binds": True})
        explain = "explain" if postgresql else "explain query plan"
        plan = "\n".join(str(row) for row in connection.exec_driver_sql(f"{explain} {compiled}"))
    assert "dossiers_check_alarm" in plan
    for slow in ("SCAN", "TEMP B-TREE", "Seq Scan", "Sort "):
        assert slow not in plan, plan
