"""What somebody's absence means for each of many cases is decided, and written into them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from google.protobuf.message import Message

from kernel.base.errors import Refusal, Refused
from kernel.eventsourcing.command_context import Call
from kernel.eventsourcing.unit_of_work import UnitOfWork
from kernel.storage.row_cache import Row
from office.process.model.process import IMPORTED, UnknownProcess
from services.routing.application.append_events import write
from services.routing.domain.collaboration_state import Delegation
from services.routing.domain.decider import State, decide
from services.routing.tables import CASES

if TYPE_CHECKING:
    from services.routing.application.handlers import CaseHandlers

_PAGE: Final = 200
"""Cases that are looked up at once; all of an officer's are written in one transaction."""


def write_each(
    office: CaseHandlers,
    uow: UnitOfWork,
    codes: Sequence[str],
    request: Message,
    call: Call,
    standing: Sequence[Delegation] = (),
) -> list[str]:
    """Decide a request on each case; gives those about which there was something to write.

    ``standing``: who stands in for the officer. Raise ``Refused``.
    """
    written = []
    for page in (codes[at : at + _PAGE] for at in range(0, len(codes), _PAGE)):
        uow.prefetch(CASES, page)
        uow.prefetch_states(page)
        for code in page:
            outcome = _decided(office, uow, code, request, call, standing)
            write(uow, code, outcome, call)
            written += [code] if outcome else []
    return written


def _decided(
    office: CaseHandlers,
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
        process = office.process_of(state, row)
    except UnknownProcess:  # who stands in is no matter of the process
        process = office.processes.latest(IMPORTED)
    facts = office.facts(row, process, call.occurred_at, call.actor)
    outcome = decide(state, request, replace(facts, standing=tuple(standing)))
    if isinstance(outcome, Refusal):
        raise Refused(outcome)
    return outcome
