"""Dossiers that intake has accepted, in routing's database."""

from __future__ import annotations

from typing import Any

from kernel.consumer.applying import positions
from kernel.consumer.applying.batch import Batch
from kernel.consumer.applying.batch_applier import Applier
from kernel.eventsourcing.record import Record
from tests.support.departments import Desk
from tests.support.routing_cases import UNIT

CODES = [f"{UNIT}-210809-{number:04d}" for number in range(1, 8)]


STORM = """
[[day]]
date = 2021-08-12
kind = "closure"
reason_vi = "Bão số 5"
source = "12/UBND"
"""


def file_dossiers(routing: Any) -> None:
    """Let the desk accept the dossiers on Monday morning."""
    desk = Desk()
    events = [event for code in CODES for event in desk.files(code)]
    records = [
        Record(0, place, event.stream_id.encode(), event.SerializeToString(), ())
        for place, event in enumerate(events)
    ]
    applier = Applier("t", routing.clock, reacting=True)
    routing.writer.exclusive(lambda uow: positions.begin(uow, [0])).result()
    batch = Batch(records, {0: 0}, {0: len(records)})
    routing.writer.exclusive(lambda uow: applier.apply(uow, batch, {})).result()
