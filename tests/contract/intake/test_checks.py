"""The eight working hours of the desk, on SQLite and PostgreSQL: said once, from an index."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from motcua.events.v1 import intake_events_pb2 as intake
from motcua.events.v1.envelope_pb2 import ActorKind, DossierEvent
from sqlalchemy import Engine, select, text, update

from services.intake.main import MODEL
from services.intake.tables import DOSSIERS, KERNEL
from services.intake.watches import DOSSIERS_AT_ONCE, due_rows, watch_checks
from services.kernel.instants import HOUR, to_timestamp
from services.kernel.unit import UnitOfWork
from tests.contract.intake.store import Story, opened, put
from tests.unit.intake.samples import MONDAY

DUE = MONDAY + 8 * HOUR
ONLINE = intake.DossierSubmitted(unit="H22.12", answer_due_at=to_timestamp(DUE))


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
            said = watch_checks(uow, now)
            uow.flush()
        if not said:
            return total
        total += said


def said(engine: Engine) -> list[DossierEvent]:
    """Give what the watch has said."""
    events = KERNEL.events.c
    query = select(events.body).where(events.type == "DeskCheckMissed")
    with engine.connect() as connection:
        return [DossierEvent.FromString(body) for (body,) in connection.execute(query)]


def test_an_unchecked_dossier_is_said_once(engine: Engine) -> None:
    """Not at its very instant; once after it; the cause is the submission, nobody did it."""
    story = Story("H22.12-210809-0001").tell("intake", ONLINE)
    put(engine, story.events)
    assert look(engine, DUE) == 0
    assert look(engine, DUE + 1) == 1
    assert look(engine, DUE + 1000 * HOUR) == 0
    (event,) = said(engine)
    assert event.causation_id == story.events[0].event_id
    assert event.actor.kind == ActorKind.ACTOR_KIND_SYSTEM
    assert event.desk_check_missed.unit == "H22.12"
    assert event.desk_check_missed.answer_due_at == ONLINE.answer_due_at


@pytest.mark.parametrize(
    "ending", [intake.DossierAccepted(), intake.DossierRefused(), intake.DossierWithdrawn()]
)
def test_what_was_answered_is_not_said(engine: Engine, ending: object) -> None:
    """Accepted, refused or let go in time."""
    story = Story("H22.12-210809-0001").tell("intake", ONLINE)
    put(engine, story.tell("intake", ending).events)  # type: ignore[arg-type]
    assert look(engine, DUE + 1) == 0


def test_what_came_to_the_counter_has_no_such_limit(engine: Engine) -> None:
    """Only online dossiers wait for a check."""
    put(engine, Story("H22.12-210809-0001").tell("intake", intake.DossierSubmitted()).events)
    assert look(engine, DUE + 1000 * HOUR) == 0


def test_after_an_outage_each_is_said_once(engine: Engine) -> None:
    """More than one portion holds."""
    count = DOSSIERS_AT_ONCE + 30
    stories = [Story(f"H22.12-210809-{n:04d}").tell("intake", ONLINE) for n in range(count)]
    put(engine, [event for story in stories for event in story.events])
    assert look(engine, DUE + 72 * HOUR) == count
    assert look(engine, DUE + 72 * HOUR) == 0
    assert len(said(engine)) == count


def test_a_row_that_lags_behind_is_mended(engine: Engine) -> None:
    """The events decide, and the row does not stay in the way."""
    put(engine, Story("H22.12-210809-0001").tell("intake", ONLINE).events)
    look(engine, DUE + 1)
    with engine.begin() as connection:
        connection.execute(update(DOSSIERS).values(check_alarm_at=0))
    assert look(engine, DUE + 1) == 0
    with engine.connect() as connection:
        assert connection.execute(select(DOSSIERS.c.check_alarm_at)).scalar() is None


def test_a_look_reads_the_index_alone(engine: Engine) -> None:
    """No scan and no sort."""
    stories = [Story(f"H22.12-210809-{n:04d}").tell("intake", ONLINE) for n in range(400)]
    put(engine, [event for story in stories for event in story.events])
    with engine.connect() as connection:
        postgresql = connection.dialect.name == "postgresql"
        if postgresql:
            connection.execute(text("analyze dossiers"))
        compiled = due_rows(MONDAY).compile(connection, compile_kwargs={"literal_binds": True})
        explain = "explain" if postgresql else "explain query plan"
        plan = "\n".join(str(row) for row in connection.exec_driver_sql(f"{explain} {compiled}"))
    assert "dossiers_check_alarm" in plan
    for slow in ("SCAN", "TEMP B-TREE", "Seq Scan", "Sort "):
        assert slow not in plan, plan
