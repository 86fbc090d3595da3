"""Due dates laid anew, page by page over the open cases: shown first, then written.

A page is one transaction, and each dossier's change is in it whole. Whoever begins again, after
whatever interruption, changes only what was not changed before. A case whose process no file holds
is skipped and named.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from motcua.events.v1.common_pb2 import Actor
from motcua.events.v1.event_pb2 import Event
from motcua.routing.v1 import routing_pb2 as pb
from motcua.routing.v1.deadline_events_pb2 import DeadlineRecomputed
from sqlalchemy import Connection, Select, select

from kernel.base.errors import Refusal
from kernel.eventsourcing.command_context import Call
from kernel.eventsourcing.service_model import Model
from kernel.eventsourcing.state_loading import states_of
from kernel.eventsourcing.unit_of_work import UnitOfWork
from kernel.storage.row_cache import Row
from services.routing.application.append_events import write
from services.routing.application.handlers import CaseHandlers
from services.routing.domain.decider import State, decide
from services.routing.domain.guards import within
from services.routing.tables import CASES, WORK

PAGE = 200
Request = pb.PreviewRecomputeRequest | pb.RecomputeDeadlinesRequest
Response = pb.PreviewRecomputeResponse | pb.RecomputeDeadlinesResponse


def page_of(request: Request) -> Select[Any]:
    """Select the open cases of one page by their codes, whatever their unit.

    So a page costs the same wherever the dossiers of a unit lie.
    """
    return (
        select(WORK.c.dossier_code)
        .where(WORK.c.dossier_code > request.page_token)
        .order_by(WORK.c.dossier_code)
        .limit(request.page_size or PAGE)
    )


class Recompute:
    """Lays due dates anew by the calendars that are in force."""

    def __init__(self, office: CaseHandlers) -> None:
        self._office = office

    def preview(
        self, connection: Connection, model: Model, request: pb.PreviewRecomputeRequest, now: int
    ) -> pb.PreviewRecomputeResponse:
        """Return what one page would move; reads only."""
        found = [row.dossier_code for row in connection.execute(page_of(request))]
        rows = connection.execute(select(CASES).where(CASES.c.dossier_code.in_(found)))
        cases = {row["dossier_code"]: dict(row) for row in rows.mappings()}
        wanted = _within(cases, request.unit, found)
        states = states_of(connection, model, wanted) if wanted else {}
        response = pb.PreviewRecomputeResponse(**_page(found, request))
        wanted = _aside(self._office, [(code, states[code]) for code in wanted], response)
        for code in wanted:
            said = self._decide(states[code], cases[code], request, now, Actor())
            response.moved.extend(_moved(code, cases[code], said))
        return response

    def __call__(
        self, uow: UnitOfWork, request: pb.RecomputeDeadlinesRequest, call: Call
    ) -> pb.RecomputeDeadlinesResponse:
        """Move what one page has to move, and say so in events."""
        found = [row.dossier_code for row in uow.query(page_of(request))]
        uow.prefetch(CASES, found)
        cases = {code: uow.get(CASES, code) or {} for code in found}
        wanted = _within(cases, request.unit, found)
        uow.prefetch_states(wanted)
        response = pb.RecomputeDeadlinesResponse(**_page(found, request))
        wanted = _aside(self._office, [(code, uow.state(code)) for code in wanted], response)
        changes = {
            code: said
            for code in wanted
            if (said := self._decide(uow.state(code), cases[code], request, call.now, call.actor))
        }
        for code, said in changes.items():
            write(uow, code, said, call)
            response.moved.extend(_moved(code, cases[code], said))
        return response

    def again(
        self,
        uow: UnitOfWork,
        request: pb.RecomputeDeadlinesRequest,
        call: Call,
        _events: Sequence[Event],
    ) -> pb.RecomputeDeadlinesResponse:
        """Answer a page that was done before: what it has moved does not move again."""
        return self(uow, request, call)

    def _decide(
        self, state: State, row: Row, request: Request, now: int, actor: Actor
    ) -> Sequence[Any]:
        if not state.own:
            return ()
        process = self._office.process_of(state, row)
        reason = getattr(request, "reason", "")
        outcome = decide(
            state,
            pb.RecomputeDeadlinesRequest(reason=reason),
            self._office.facts(row, process, now, actor),
        )
        assert not isinstance(outcome, Refusal), "a recomputation is not refused"
        return outcome


def _aside(
    office: CaseHandlers, cases: Iterable[tuple[str, State]], response: Response
) -> list[str]:
    """List the cases whose process is known; the others are named in the answer."""
    known = []
    for code, state in cases:
        if not state.process or office.processes.has(state.process, state.version):
            known.append(code)
        else:
            response.skipped.add(
                dossier_code=code, process=state.process, process_version=state.version
            )
    return known


def _within(cases: Mapping[str, Row], unit: str, codes: Iterable[str]) -> list[str]:
    if not unit:
        return list(codes)
    return [code for code in codes if within(cases[code]["dossier_unit"] or "", unit)]


def _page(found: Sequence[str], request: Request) -> dict[str, Any]:
    full = len(found) == (request.page_size or PAGE)
    return {"looked_at": len(found), "next_page_token": found[-1] if full else ""}


def _moved(code: str, row: Row, said: Iterable[Any]) -> Iterator[pb.MovedDeadline]:
    for message in said:
        if isinstance(message, DeadlineRecomputed):
            yield pb.MovedDeadline(
                dossier_code=code, unit=row["dossier_unit"] or "", change=_change(message)
            )


def _change(event: DeadlineRecomputed) -> pb.DeadlineChange:
    return pb.DeadlineChange(
        scope=event.scope,
        step=event.step,
        previous_due_at=event.previous_due_at,
        due_at=event.due_at,
        reason=event.reason,
        calendar_version=event.calendar_version,
        previous_calendar_version=event.previous_calendar_version,
        after_missed=event.after_missed,
        consultation=event.consultation,
    )
