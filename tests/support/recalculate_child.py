"""Recalculates the open due dates of a database, page by page; prints a line after each.

Run as a process of its own, so that it can be killed: ``python -m tests.support.recalculate_child
URL REPOSITORY WHEN_US``.
"""

from __future__ import annotations

import sys
import uuid
from pathlib import Path

from motcua.events.v1.common_pb2 import Actor, ActorKind
from motcua.routing.v1 import routing_pb2 as pb

from kernel.commands.handler import carry_out
from kernel.eventsourcing.command_context import Call
from kernel.eventsourcing.group_commit import Writer
from kernel.storage.engines import open_engine
from office.worktime.calendars.repository import CalendarRepository
from services.routing.application.recalculation_batches import Recalculate
from tests.support.models import OFFICE
from tests.support.models import ROUTING as MODEL

SIZE = 5


def main(url: str, folder: str, now: int) -> None:
    """Recalculate everything."""
    known = CalendarRepository(Path(folder))
    OFFICE.calendars = lambda: known
    writer = Writer(open_engine(url, "routing"), MODEL)
    writer.start()
    boss = Actor(kind=ActorKind.ACTOR_KIND_OPERATOR, id="boss")
    handler, token = Recalculate(OFFICE), ""
    while True:
        request = pb.RecalculateDeadlinesRequest(
            request_id=str(uuid.uuid4()), reason="bão", page_size=SIZE, page_token=token
        )
        call = Call(boss, "vi", request.request_id, now, now, "", "", digest=b"digest")
        page = writer.submit(lambda uow, r=request, c=call: carry_out(handler, uow, r, c)).result()  # type: ignore[misc]
        print(len(page.moved), flush=True)
        token = page.next_page_token
        if not token:
            break
    writer.stop()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
