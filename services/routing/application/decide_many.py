"""Decides what somebody's absence means for each of many cases, and appends it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from google.protobuf.message import Message
from motcua.events.v1.event_pb2 import Event

from kernel.base.errors import Refusal
from kernel.eventsourcing.command_context import Call
from kernel.eventsourcing.unit_of_work import UnitOfWork
from kernel.storage.row_cache import Row
from office.process.model.process import IMPORTED, UnknownProcess
from services.routing.application.append_events import write
from services.routing.application.decision_context import CaseContextLoader
from services.routing.domain.collaboration_state import Delegation
from services.routing.domain.decider import State, decide
from services.routing.tables import CASES

_PAGE: Final = 200
"""Cases that are looked up at once; all of an officer's are written in one transaction."""


def write_each(
    loader: CaseContextLoader,
    uow: UnitOfWork,
    codes: Sequence[str],
    request: Message,
    call: Call,
    standing: Sequence[Delegation] = (),
) -> list[Event]:
    """Decide a request on each case and return the events that were appended.

    ``standing``: who stands in for the officer. Raise ``Refused``.
    """
    events: list[Event] = []
    for page in (codes[at : at + _PAGE] for at in range(0, len(codes), _PAGE)):
        uow.prefetch(CASES, page)
        uow.prefetch_states(page)
        for code in page:
            outcome = _decided(loader, uow, code, request, call, standing)
            events += write(uow, code, outcome, call)
    return events


def _decided(
    loader: CaseContextLoader,
    uow: UnitOfWork,
    code: str,
    request: Message,
    call: Call,
    standing: Sequence[Delegation],
) -> list[Message]:
    row: Row | None = uow.get(CASES, code)
    assert row is not None
    state: State = uow.state(code)
    try:
        process = loader.process_of(state, row)
    except UnknownProcess:  # who stands in is no matter of the process
        process = loader.processes.latest(IMPORTED)
    context = loader.context_of(row, process, call.occurred_at, call.actor)
    outcome = decide(state, request, replace(context, standing=tuple(standing)))
    if isinstance(outcome, Refusal):
        raise loader.refused(outcome, process)
    return outcome
