"""Recalculates due dates, page by page over the open cases: shown first, then written.

A page is one transaction, and each dossier's change is in it whole. Whoever begins again, after
whatever interruption, changes only what was not changed before. A case whose process no file holds
is skipped and named.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from motcua.events.v1.common_pb2 import Actor
from motcua.events.v1.event_pb2 import Event
from motcua.routing.v1 import routing_pb2 as pb
from motcua.routing.v1.deadline_events_pb2 import DeadlineRecalculated
from sqlalchemy import Connection, Select, select

from kernel.base.errors import Refusal
from kernel.eventsourcing.command_context import Call
from kernel.eventsourcing.envelope import payload_of
from kernel.eventsourcing.service_model import Model
from kernel.eventsourcing.state_loading import states_of
from kernel.eventsourcing.unit_of_work import UnitOfWork
from kernel.storage.row_cache import Row
from services.routing.application.append_events import write
from services.routing.application.decision_context import CaseContextLoader
from services.routing.domain.decider import State, decide
from services.routing.domain.guards import within
from services.routing.tables import CASES, WORK

PAGE = 200
Request = pb.PreviewRecalculationRequest | pb.RecalculateDeadlinesRequest


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


@dataclass(frozen=True)
class Recalculate:
    """Recalculates due dates by the calendars that are in force."""

    loader: CaseContextLoader

    def preview(
        self,
        connection: Connection,
        model: Model,
        request: pb.PreviewRecalculationRequest,
        now: int,
    ) -> pb.PreviewRecalculationResponse:
        """Return what one page would move; reads only."""
        found = [row.dossier_code for row in connection.execute(page_of(request))]
        rows = connection.execute(select(CASES).where(CASES.c.dossier_code.in_(found)))
        cases = {row["dossier_code"]: dict(row) for row in rows.mappings()}
        known, skipped = self._split(cases, _within(cases, request.unit, found))
        states = states_of(connection, model, known) if known else {}
        response = pb.PreviewRecalculationResponse(**_page(found, request), skipped=skipped)
        for code in known:
            changes = self._decide(states[code], cases[code], request, now, Actor())
            response.moved.extend(_moved(code, cases[code], changes))
        return response

    def act(
        self, uow: UnitOfWork, request: pb.RecalculateDeadlinesRequest, call: Call
    ) -> list[Event]:
        """Write what one page has to move."""
        found, cases = _read_page(uow, request)
        known, _ = self._split(cases, _within(cases, request.unit, found))
        uow.prefetch_states(known)
        changes = {
            code: messages
            for code in known
            if (
                messages := self._decide(
                    uow.state(code), cases[code], request, call.now, call.actor
                )
            )
        }
        return [
            event
            for code, messages in changes.items()
            for event in write(uow, code, messages, call)
        ]

    def answer(
        self,
        uow: UnitOfWork,
        request: pb.RecalculateDeadlinesRequest,
        _call: Call,
        events: Sequence[Event],
    ) -> pb.RecalculateDeadlinesResponse:
        """Return what the events moved, and the page and its skipped cases as they are by then."""
        found, cases = _read_page(uow, request)
        _, skipped = self._split(cases, _within(cases, request.unit, found))
        response = pb.RecalculateDeadlinesResponse(**_page(found, request), skipped=skipped)
        for event in events:
            code = event.stream_id
            response.moved.extend(_moved(code, uow.get(CASES, code) or {}, [payload_of(event)]))
        return response

    def _decide(
        self, state: State, row: Row, request: Request, now: int, actor: Actor
    ) -> Sequence[Any]:
        if not state.own:
            return ()
        process = self.loader.process_of(state, row)
        reason = getattr(request, "reason", "")
        outcome = decide(
            state,
            pb.RecalculateDeadlinesRequest(reason=reason),
            self.loader.context_of(row, process, now, actor),
        )
        assert not isinstance(outcome, Refusal), "a recalculation is not refused"
        return outcome

    def _split(
        self, cases: Mapping[str, Row], codes: Iterable[str]
    ) -> tuple[list[str], list[pb.SkippedCase]]:
        """Return the cases whose process is known, and the others as an answer names them."""
        known, skipped = [], []
        for code in codes:
            process, version = cases[code]["process"], cases[code]["process_version"]
            if not process or self.loader.processes.has(process, version):
                known.append(code)
            else:
                case = pb.SkippedCase(dossier_code=code, process=process, process_version=version)
                skipped.append(case)
        return known, skipped


def _read_page(
    uow: UnitOfWork, request: pb.RecalculateDeadlinesRequest
) -> tuple[list[str], dict[str, Row]]:
    """Return the codes of a page and their rows."""
    found = [row.dossier_code for row in uow.query(page_of(request))]
    uow.prefetch(CASES, found)
    return found, {code: uow.get(CASES, code) or {} for code in found}


def _within(cases: Mapping[str, Row], unit: str, codes: Iterable[str]) -> list[str]:
    if not unit:
        return list(codes)
    return [code for code in codes if within(cases[code]["dossier_unit"] or "", unit)]


def _page(found: Sequence[str], request: Request) -> dict[str, Any]:
    full = len(found) == (request.page_size or PAGE)
    return {"looked_at": len(found), "next_page_token": found[-1] if full else ""}


def _moved(code: str, row: Row, messages: Iterable[Any]) -> Iterator[pb.MovedDeadline]:
    for message in messages:
        if isinstance(message, DeadlineRecalculated):
            yield pb.MovedDeadline(
                dossier_code=code, unit=row["dossier_unit"] or "", change=_change(message)
            )


def _change(event: DeadlineRecalculated) -> pb.DeadlineChange:
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
