"""Audit lists the reports that contradict earlier ones, by what was so and what was known."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from motcua.audit.v1 import audit_pb2 as pb
from motcua.intake.v1.dossier_events_pb2 import DossierSubmitted
from motcua.postal.v1.job_events_pb2 import ItemDelivered, ItemTracked

from kernel.base.errors import Invalid
from kernel.base.instants import DAY
from tests.support.audit_calls import AuditCalls
from tests.support.audit_histories import HANOI, Numbering, at, stamp
from tests.support.audit_store import Log, Store

ITEM = "RN123456785VN"


@pytest.fixture
def calls(database_url: str) -> Iterator[AuditCalls]:
    """Audit with three dossiers: returned after the delivery, twice of the first; of the second a
    scan that contradicts nothing.
    """
    numbering, log = Numbering(), Log()
    for number, contradicts in ((1, (True, True)), (2, (False,)), (3, (True,))):
        code = f"H22.12.03-210809-000{number}"
        when = at(f"2021-08-1{number} 09:00")
        delivered = ItemDelivered(item_number=ITEM, happened_at=stamp(f"2021-08-1{number} 08:00"))
        log.send(numbering.event(DossierSubmitted(unit="H22.12", time_zone=HANOI), when, code))
        log.send(numbering.event(delivered, when, code))
        for later, each in enumerate(contradicts, start=1):
            scanned = stamp(f"2021-08-1{number} 1{later}:00")
            payload = ItemTracked(
                item_number=ITEM, code="RTS", happened_at=scanned, contradicts=each
            )
            log.send(numbering.event(payload, when + later * DAY, code))
    store = Store(database_url)
    store.take_all(log.records())
    made = AuditCalls(store, at("2021-09-01 08:00"))
    yield made
    made.close()
    store.close()


async def listed(calls: AuditCalls, **asked: Any) -> list[tuple[str, int]]:
    """Return code and sequence of each contradicting report, page by page."""
    request, found = pb.ListContradictionsRequest(**asked), []
    while True:
        page = await calls.ask(request)
        for each in page.contradictions:
            assert each.unit == "H22.12"
            assert "contradicts what ended the delivery" in each.report.summary.en
            assert each.report.happened_at != each.report.recorded_at
            found.append((each.dossier_code[-1:], each.report.sequence))
        request.page_token = page.next_page_token
        if not request.page_token:
            return found


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, [("1", 2), ("1", 3), ("3", 2)]),
        ({"page_size": 1}, [("1", 2), ("1", 3), ("3", 2)]),
        ({"as_of": "2021-08-11 11:30"}, [("1", 2)]),
        ({"as_of": "2021-08-13 10:30"}, [("1", 2), ("1", 3)]),
        ({"known_at": "2021-08-12 08:00"}, []),
        ({"known_at": "2021-08-12 12:00"}, [("1", 2)]),
        ({"known_at": "2021-08-13 12:00", "page_size": 1}, [("1", 2), ("1", 3)]),
        ({"known_at": "2021-08-13 12:00", "as_of": "2021-08-11 11:30"}, [("1", 2)]),
    ],
)
async def test_contradictions_are_listed_by_both_times(
    calls: AuditCalls, asked: dict[str, Any], expected: list[tuple[str, int]]
) -> None:
    """A report made later counts by when it was recorded; what agrees is not listed."""
    given = {name: stamp(v) if isinstance(v, str) else v for name, v in asked.items()}
    assert await listed(calls, **given) == expected


async def test_a_token_of_another_listing_is_refused(calls: AuditCalls) -> None:
    """By the field."""
    with pytest.raises(Invalid):
        await calls.ask(pb.ListContradictionsRequest(page_token="a"))
