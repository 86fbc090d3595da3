"""What the end of a dossier means for those that it belongs to and that belong to it (liên thông).

Departments own all their cases, so both sides are written in one transaction.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from google.protobuf.message import Message
from motcua.routing.v1.case_events_pb2 import CaseOpened, CaseReopened
from motcua.routing.v1.collaboration_events_pb2 import ChildWithheld

from kernel.eventsourcing.envelope import payload_of
from kernel.eventsourcing.service_model import About
from kernel.eventsourcing.unit_of_work import UnitOfWork
from kernel.storage.row_cache import Row
from kernel.telemetry.logs import get_logger
from services.routing.domain.alarms import overdue
from services.routing.domain.state import CaseStatus, State
from services.routing.domain.use_cases.collaboration.child_dossiers import (
    MOST_ABOVE,
    ended,
    orphan,
    reason_of_end_without_result,
    reopened,
)
from services.routing.tables import CASES, CHILDREN

_OPEN = (CaseStatus.RUNNING, CaseStatus.SUSPENDED)
log = get_logger(__name__)


def above(uow: UnitOfWork, row: Row) -> int:
    """Count the dossiers above one, as far as it makes a difference to what it may open."""
    count, code = 0, row["parent_code"]
    while code and count < MOST_ABOVE:
        count += 1
        code = (uow.get(CASES, code) or {}).get("parent_code")
    return count


def log_withheld(code: str, outcome: Sequence[Message]) -> None:
    """Log for operators the children that a case did not get: its processes lead back to each
    other.
    """
    for message in outcome:
        if isinstance(message, ChildWithheld):
            log.error("child.withheld", dossier=code, procedure=message.procedure_code)


def consequences(uow: UnitOfWork, row: Row, outcome: Sequence[Message], at: int) -> Iterator[About]:
    """Return what follows for other dossiers: a parent hears how its child ended, or that it goes
    on, and the children of one that ended without a result end with it, and theirs.

    ``row`` is the dossier's case, ``at`` the instant in microseconds.
    """
    child = row["dossier_code"], row["parent_number"] or 0
    for payload in (reopened(*child, outcome), ended(*child, outcome)):
        if row["parent_code"] and payload is not None:
            yield About(row["parent_code"], payload)
    reason = reason_of_end_without_result(outcome)
    if reason is not None:
        yield from _end_children(uow, row["dossier_code"], reason, at)


def orphaned(uow: UnitOfWork, row: Row, outcome: Sequence[Message]) -> Iterator[Message]:
    """Return the end of a case that was just opened, or opened again, for a dossier which ended
    meanwhile.
    """
    if not row["parent_code"] or not any(isinstance(m, CaseOpened | CaseReopened) for m in outcome):
        return
    parent: State = uow.state(row["parent_code"])
    # Written as it is: of two processes of which one opens a child and the other ends its
    # parent, one runs again.
    if (place := uow.get(CASES, row["parent_code"])) is not None:
        uow.put(CASES, place)
    if parent.status in (CaseStatus.WITHDRAWN, CaseStatus.CLOSED):
        payloads = map(payload_of, uow.own_events(row["parent_code"]))
        known = [payload for payload in payloads if payload is not None]
        yield orphan(row["parent_code"], reason_of_end_without_result(known) or "")


def _end_children(uow: UnitOfWork, code: str, reason: str, at: int) -> Iterator[About]:
    state: State = uow.state(code)
    for child in state.work.children:
        place = None if child.ending else uow.get(CHILDREN, code, child.number)
        child_code = (place or {}).get("child_code")
        # One that the desk has not opened yet ends when its case is opened.
        if not child_code or (its := uow.state(child_code)).status not in _OPEN:
            continue
        end = orphan(code, reason)
        for message in (*overdue(its, at), end):
            yield About(child_code, message)
        child_ended = ended(child_code, child.number, [end])
        assert child_ended is not None, "it was just ended"
        yield About(code, child_ended)
        yield from _end_children(uow, child_code, reason, at)
