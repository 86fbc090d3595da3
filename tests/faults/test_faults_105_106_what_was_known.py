"""Faults 105 and 106: the services' clocks differ or jump back while they record; records come late
out of the quarantine, or audit's database is lost: what was known at an instant has no hole, and is
answered the same ever after.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from motcua.audit.v1 import audit_pb2 as pb
from motcua.events.v1.event_pb2 import Event
from motcua.intake.v1.dossier_events_pb2 import DossierAccepted, DossierSubmitted, ResultReturned
from motcua.routing.v1.case_events_pb2 import CaseOpened, CaseResolved
from motcua.routing.v1.event_parts_pb2 import CurrentStep

from kernel.base.instants import DAY, HOUR, MINUTE, SECOND, to_timestamp, to_us
from services.audit.tables import KERNEL
from tests.support.audit_calls import AuditCalls
from tests.support.audit_histories import HANOI, Numbering
from tests.support.audit_store import MONDAY, Log, Store

pytestmark = pytest.mark.faults
CODE = "H22.12.03-210809-0001"
NOW = MONDAY + 30 * DAY
DUE = to_timestamp(MONDAY + 5 * DAY)


def history(recorded: Sequence[int]) -> list[Event]:
    """Return a dossier's life, an hour between its events, each recorded at one of these times."""
    numbering = Numbering()
    payloads = (
        DossierSubmitted(unit="H22.12", time_zone=HANOI),
        DossierAccepted(due_at=DUE),
        CaseOpened(due_at=DUE, current=CurrentStep(step="check", unit="H22.12")),
        CaseResolved(),
        ResultReturned(),
    )
    events = []
    for number, (payload, when) in enumerate(zip(payloads, recorded, strict=True)):
        event = numbering.event(payload, MONDAY + number * HOUR, CODE)
        event.recorded_at.CopyFrom(to_timestamp(when))
        events.append(event)
    return events


async def known(calls: AuditCalls, at: int) -> list[str]:
    """Return the events of the dossier that were known at an instant."""
    request = pb.GetTimelineRequest(dossier_code=CODE, known_at=to_timestamp(at))
    return [entry.event_id for entry in (await calls.ask(request)).entries]


@pytest.mark.parametrize(
    "recorded",
    [
        # Routing's clock is two minutes behind intake's.
        [MONDAY, MONDAY + HOUR, MONDAY + HOUR - 2 * MINUTE + SECOND, MONDAY + 3 * HOUR,
         MONDAY + 4 * HOUR],
        # Intake's clock jumps back by three hours after the acceptance.
        [MONDAY, MONDAY + HOUR, MONDAY + HOUR + SECOND, MONDAY + 3 * HOUR, MONDAY + MINUTE],
        # Intake's is a day ahead when the dossier is handed in.
        [MONDAY + DAY, MONDAY + HOUR, MONDAY + HOUR + SECOND, MONDAY + 3 * HOUR,
         MONDAY + 4 * HOUR],
    ],
)  # fmt: skip
async def test_fault_105_what_was_known_has_no_hole_whatever_the_clocks_say(
    tmp_path: Path, recorded: list[int]
) -> None:
    """At every instant a beginning of the history is known, never less than before, no effect
    without its cause, and all of it once the latest of all was recorded.
    """
    events = history(recorded)
    store = Store(f"sqlite:///{tmp_path / 'audit.sqlite'}")
    store.take_all(Log(events).records())
    calls = AuditCalls(store, NOW)
    ids, before = [event.event_id for event in events], 0
    for at in sorted({moment + shift for moment in recorded for shift in (-1, 0)}):
        count = next((n for n, when in enumerate(recorded) if when > at), len(ids))
        if not count:
            continue
        assert await known(calls, at) == ids[:count]
        assert count >= before
        before = count
        request = pb.GetReportRequest(
            from_date="2021-08-01", to_date="2021-08-31", known_at=to_timestamp(at)
        )
        total = (await calls.ask(request)).total
        assert (total.received, total.resolved) == (count >= 2, count >= 4)
    assert before == len(ids)
    calls.close()
    store.close()


async def test_fault_106_what_was_known_stays_the_same_ever_after(tmp_path: Path) -> None:
    """A record that waited in the quarantine for days, and a database made again from the log,
    change no answer: it goes by what the writers recorded.
    """
    events = history([MONDAY + number * HOUR for number in range(5)])
    log = Log([events[0], events[4], *events[1:4]])  # the last comes before what it waits for
    store = Store(f"sqlite:///{tmp_path / 'audit.sqlite'}")
    waited = False
    for record in log.records():
        store.take([record])
        waited = waited or bool(store.rows(KERNEL.quarantine))
    assert waited
    assert not store.rows(KERNEL.quarantine)
    again = Store(f"sqlite:///{tmp_path / 'again.sqlite'}")
    again.take_all(log.records())
    assert store.views() == again.views()
    ids = [events[number].event_id for number in (0, 4, 1, 2, 3)]
    for each in (store, again):
        calls = AuditCalls(each, NOW)
        answers = [await known(calls, to_us(event.recorded_at)) for event in events]
        assert answers == [ids[:1], ids[:1], ids[:1], ids[:1], ids]
        calls.close()
        each.close()
