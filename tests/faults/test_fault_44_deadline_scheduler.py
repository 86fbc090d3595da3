"""Fault 44: the deadline watch sleeps for three days. It catches up once for each dossier, and says
nothing twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from motcua.events.v1.event_pb2 import Event
from motcua.routing.v1.deadline_events_pb2 import DeadlineMissed

from infra.local.kafka import KafkaBroker
from services.routing.schedulers.deadlines import DOSSIERS_AT_ONCE
from tests.support.databases import NewDatabase
from tests.support.departments import Departments, Desk
from tests.support.events import name_of, payload_of
from tests.support.feed import log_of, put, wait_until
from tests.support.service import ServiceProcess
from tests.support.stack import clock_setting

pytestmark = pytest.mark.faults
CODES = [f"H22.12-210809-{number:04d}" for number in range(1, DOSSIERS_AT_ONCE + 21)]
FEW = CODES[:30]
ONCE_EACH = {"DeadlineMissed": 3, "DeadlineEscalated": 3}
"""Of a dossier: its step, itself, and that nobody began; and each of these told one level up."""


@pytest.fixture
def departments(new_database: NewDatabase) -> Iterator[Departments]:
    """Routing on an empty database, with more cases than one portion of the watch holds."""
    made = Departments(new_database("routing"))
    desk = Desk()
    made.reads([event for code in CODES for event in desk.files(code)])
    yield made
    made.close()


def test_fault_44_everything_is_said_once_at_the_first_look(departments: Departments) -> None:
    """For each dossier what was missed and to whom it is told, no warning of what has passed; later
    looks say nothing.
    """
    assert departments.looks("2021-08-19 09:01") == 6 * len(CODES)
    assert departments.looks("2021-08-19 09:01") == 0
    assert departments.looks("2021-08-22 09:01") == 0
    for code in (CODES[0], CODES[-1]):
        assert Counter(departments.kinds(code)) == {"CaseOpened": 1, **ONCE_EACH}
    kinds = Counter(departments.kinds())
    assert kinds == {kind: n * len(CODES) for kind, n in {"CaseOpened": 1, **ONCE_EACH}.items()}


def test_fault_44_a_service_that_was_down_for_three_days(
    kafka: KafkaBroker, topic: str, tmp_path: Path
) -> None:
    """The real service, ended on Wednesday and started after the dates of all dossiers have passed:
    the log gets each alarm once; ended and started again, none more.
    """

    @contextmanager
    def running(when: str) -> Iterator[None]:
        setting = clock_setting(f"{when}+07:00")
        process = ServiceProcess(
            "routing", tmp_path / "n", kafka.bootstrap, topic, MOTCUA_CLOCK=setting
        )
        with process:
            process.wait_published()
            yield

    def alarms() -> list[Event]:
        kinds = ("DeadlineMissed", "DeadlineEscalated")
        found = log_of(kafka.bootstrap, topic)
        return [event for event in found if name_of(event) in kinds]

    desk = Desk()
    put(kafka.bootstrap, topic, [event for code in FEW for event in desk.files(code)])
    with running("2021-08-09T10:00:00"):
        assert alarms() == []
    with running("2021-08-19T09:01:00"):
        wait_until(lambda: len(alarms()) >= 6 * len(FEW), what="all is said")
    payloads = alarms()
    per_dossier = Counter((e.stream_id, name_of(e)) for e in payloads)
    assert per_dossier == {(code, kind): 3 for code in FEW for kind in ONCE_EACH}
    missed = [e for e in payloads if name_of(e) == "DeadlineMissed"]
    assert len({(e.stream_id, payload_of(e, DeadlineMissed).scope) for e in missed}) == len(missed)
    another = "H22.12-210809-9999"
    put(kafka.bootstrap, topic, desk.files(another))
    with running("2021-08-19T15:00:00"):
        wait_until(lambda: len(alarms()) >= len(payloads) + 6, what="the watch has looked")
        later = [event for event in alarms() if event.stream_id != another]
    assert later == payloads
