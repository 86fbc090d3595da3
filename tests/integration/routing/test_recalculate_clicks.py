"""A recalculation of due dates is ordered twice: by a repeated call, a double click under two
request ids, and two operators at once. Each date moves once.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Barrier
from typing import Any

import grpc
import pytest
from motcua.routing.v1 import routing_pb2 as pb

from office.worktime.calendars import repository
from office.worktime.calendars.files import load_calendar
from office.worktime.calendars.repository import CalendarRepository
from office.worktime.calendars.vietnam import STATE_OFFICE_FILE
from services.routing.tables import KERNEL
from tests.support.calendars import publish
from tests.support.databases import NewDatabase
from tests.support.filed_dossiers import CODES, STORM, file_dossiers
from tests.support.identity import metadata
from tests.support.models import OFFICE
from tests.support.routing_service import Metadata, Routing, open_routing

AT_ONCE = 8
ROOT, OTHER = metadata("operator", "root"), metadata("operator", "other")


@dataclass
class Office:
    """Routing with open cases and a calendar that has just closed one more day."""

    routing: Routing

    def orders(self, calls: Sequence[tuple[str, Metadata]], reason: str = "bão") -> list[Any]:
        """Order it at the same moment, each call under a request id; gives the answers."""
        line = Barrier(len(calls))

        def order(call: tuple[str, Metadata]) -> Any:
            request = pb.RecalculateDeadlinesRequest(request_id=call[0], reason=reason)
            line.wait()
            return self.routing.call("RecalculateDeadlines", request, call[1])

        with ThreadPoolExecutor(len(calls)) as pool:
            return list(pool.map(order, calls))

    def causes(self) -> list[tuple[str, str]]:
        """List the dossiers whose dates moved, each with the request that moved them."""
        events = KERNEL.events
        found = (
            events.select()
            .where(events.c.type == "motcua.routing.v1.DeadlineRecalculated")
            .order_by(events.c.stream_id, events.c.sequence)
        )
        rows = self.routing.writer.exclusive(lambda uow: uow.query(found).all()).result()
        return [(row.stream_id, row.causation_id) for row in rows]


@pytest.fixture
def office(
    new_database: NewDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Office]:
    """Seven cases, filed before the storm was known."""
    monkeypatch.setattr(repository, "INTERVAL", 0.0)
    known = CalendarRepository(tmp_path / "calendars")
    monkeypatch.setattr(OFFICE, "calendars", lambda: known)
    with open_routing(new_database("routing")) as routing:
        file_dossiers(routing)
        routing.clock.set("2021-08-11 10:00")
        text = STATE_OFFICE_FILE.read_text(encoding="utf-8").replace("2026.1", "2026.2")
        path = tmp_path / "vn.toml"
        path.write_text(text + STORM, encoding="utf-8")
        publish(known.folder, load_calendar(path), "2021-08-11")
        yield Office(routing)


def new_id() -> str:
    """Return a request id."""
    return str(uuid.uuid4())


def test_a_repeated_order_acts_once_and_answers_the_same(office: Office) -> None:
    """Eight equal calls at once and one later; with another content the id is refused."""
    request_id = new_id()
    answers = office.orders([(request_id, ROOT)] * AT_ONCE)
    answers += office.orders([(request_id, ROOT)])
    assert all(answer == answers[0] for answer in answers)
    assert [moved.dossier_code for moved in answers[0].moved] == CODES
    assert office.causes() == [(code, request_id) for code in CODES]

    changed = pb.RecalculateDeadlinesRequest(request_id=request_id, reason="lý do khác")
    problem = office.routing.problem("RecalculateDeadlines", changed, ROOT)
    assert problem.code == grpc.StatusCode.ALREADY_EXISTS
    assert len(office.causes()) == len(CODES)


@pytest.mark.parametrize("who", [(ROOT, ROOT), (ROOT, OTHER)], ids=["one", "two"])
def test_of_two_orders_at_once_one_moves_and_the_other_finds_it_done(
    office: Office, who: tuple[Metadata, Metadata]
) -> None:
    """A double click under two request ids, and two operators: each date moves once, by one."""
    ids = (new_id(), new_id())
    answers = office.orders(list(zip(ids, who, strict=True)))
    assert sorted(len(answer.moved) for answer in answers) == [0, len(CODES)]
    assert all(answer.looked_at == len(CODES) for answer in answers)
    winner = ids[0] if answers[0].moved else ids[1]
    assert office.causes() == [(code, winner) for code in CODES]
