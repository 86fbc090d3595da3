"""The events of which a citizen is notified: kind of message, and its values. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from motcua.events.v1.common_pb2 import ResultChannel
from motcua.intake.v1.dossier_events_pb2 import (
    DossierAccepted,
    DossierRefused,
    DossierSubmitted,
    DossierWithdrawn,
    ResultReturned,
)
from motcua.postal.v1.job_events_pb2 import (
    ItemDelivered,
    ItemReturned,
    ItemTracked,
    PostalJobCancelled,
)
from motcua.routing.v1.case_events_pb2 import (
    CaseClosed,
    CaseReopened,
    CaseResolved,
    CaseResumed,
    CaseSuspended,
    CaseWithdrawn,
    SupplementExpired,
    SupplementRequested,
    WithdrawalDeclined,
)
from motcua.routing.v1.deadline_events_pb2 import (
    DeadlineApproaching,
    DeadlineExtended,
    DeadlineMissed,
    DeadlineRecalculated,
)
from motcua.routing.v1.types_pb2 import CaseResult, DeadlineScope, SuspensionKind

from kernel.base.instants import isoformat, to_us

Values = dict[str, str]
ONCE = frozenset({"submitted", "posted", "delivered", "returned"})
"""Kinds of which a citizen is notified once for a dossier, however often the event comes.

Lateness is not among them: a promise that was renewed and missed again is another apology.
"""
OVERTAKEN: Mapping[str, frozenset[str]] = {"posted": frozenset({"delivered", "undelivered"})}
"""Kinds that are not sent once one of these was: partners report in any order."""
PICKED_UP = "EMA"
"""The EMSEVT code by which a partner says that the item is on its way."""
DECLINED = "declined"
"""The reason code of an officer who declines a withdrawal."""
_PAPERS = (
    SuspensionKind.SUSPENSION_KIND_UNSPECIFIED,
    SuspensionKind.SUSPENSION_KIND_SUPPLEMENT,
)
"""Why a clock had stopped when papers were awaited; the oldest events have no reason."""
_CHANNELS = {
    ResultChannel.RESULT_CHANNEL_ONLINE: "online",
    ResultChannel.RESULT_CHANNEL_COUNTER: "counter",
    ResultChannel.RESULT_CHANNEL_POST: "post",
}


Planned = tuple[str, Values] | None
"""A kind of message and its values; None when the citizen need not know."""


def _instant(moment: Timestamp) -> str:
    return isoformat(to_us(moment)) if moment.seconds else ""


def dong(amount: int) -> str:
    """Write an amount of whole đồng with a point at each thousand; "" for nothing."""
    return f"{amount:,}".replace(",", ".") if amount else ""


def _value(payload: Any, field: str) -> str:
    value = getattr(payload, field)
    return _instant(value) if isinstance(value, Timestamp) else str(value)


def _always(kind: str, *fields: str) -> Callable[[Any], Planned]:
    """Notify of each such event, with fields of its payload as the values of those names."""
    return lambda payload: (kind, {field: _value(payload, field) for field in fields})


def _resumed(payload: CaseResumed) -> Planned:
    values = {"due_at": _instant(payload.due_at)}
    if payload.receipt_number:
        paid = dong(payload.paid.phi + payload.paid.le_phi)
        return "payment_confirmed", values | {
            "receipt_number": payload.receipt_number,
            "paid": paid,
        }
    return ("resumed" if payload.kind in _PAPERS else "continued"), values


def _suspended(payload: CaseSuspended) -> Planned:
    values = {"reason": payload.reason, "expected_end_at": _instant(payload.expected_end_at)}
    if payload.kind != SuspensionKind.SUSPENSION_KIND_FINANCIAL:
        return "suspended", values
    phi, le_phi = payload.payment.phi, payload.payment.le_phi
    money = {"phi": dong(phi), "le_phi": dong(le_phi), "total": dong(phi + le_phi)}
    return "payment_requested", {**values, **money}


def _near(payload: DeadlineApproaching) -> Planned:
    if payload.suspended_for != SuspensionKind.SUSPENSION_KIND_SUPPLEMENT:
        return None
    return "supplement_ending", {"answer_due_at": _instant(payload.due_at)}


def _resolved(payload: CaseResolved) -> Planned:
    granted = payload.result == CaseResult.CASE_RESULT_GRANTED
    return "resolved", {
        "granted": "yes" if granted else "",
        "explanation": payload.explanation,
        "way": _CHANNELS.get(payload.result_channel, "counter"),
    }


def _kept(payload: WithdrawalDeclined) -> Planned:
    if payload.reason_code != DECLINED:
        return None  # the case had ended, of which the citizen was notified
    return "withdrawal_declined", {"reason": payload.reason}


def _late(payload: DeadlineMissed) -> Planned:
    if payload.scope != DeadlineScope.DEADLINE_SCOPE_DOSSIER:
        return None
    return "late", {"due_at": _instant(payload.due_at)}


_RESCHEDULED: Mapping[int, tuple[str, str]] = {
    DeadlineScope.DEADLINE_SCOPE_SUSPENSION: ("supplement_extended", "answer_due_at"),
    DeadlineScope.DEADLINE_SCOPE_DOSSIER: ("rescheduled", "due_at"),
}
"""The kind of message about a date that moved, and what its value is called."""


def _rescheduled(payload: DeadlineRecalculated) -> Planned:
    if payload.scope not in _RESCHEDULED:
        return None
    kind, name = _RESCHEDULED[payload.scope]
    previous, due = _instant(payload.previous_due_at), _instant(payload.due_at)
    return kind, {"previous_due_at": previous, name: due, "reason": payload.reason}


def _posted(payload: ItemTracked) -> Planned:
    if payload.code != PICKED_UP:
        return None
    return "posted", {"item_number": payload.item_number}


def _returned(payload: ResultReturned) -> Planned:
    if payload.result_channel == ResultChannel.RESULT_CHANNEL_POST:
        return None  # "delivered" was sent
    return "returned", {"way": _CHANNELS.get(payload.result_channel, "counter")}


CITIZEN_MESSAGES: Mapping[type[Message], Callable[[Any], Planned]] = {
    DossierSubmitted: _always("submitted", "answer_due_at"),
    DossierAccepted: _always("accepted", "due_at"),
    DossierRefused: _always("refused", "reason"),
    DossierWithdrawn: _always("withdrawn"),
    SupplementRequested: _always("supplement_requested", "reason", "answer_due_at"),
    CaseSuspended: _suspended,
    CaseResumed: _resumed,
    DeadlineExtended: _always(
        *("extended", "previous_due_at", "due_at", "reason"),
        *("apology", "apology_number", "signer_title", "signer"),
    ),
    DeadlineApproaching: _near,
    SupplementExpired: _always("supplement_expired", "answer_due_at"),
    CaseClosed: _always("closed", "reason"),
    CaseReopened: _always("reopened"),
    CaseResolved: _resolved,
    CaseWithdrawn: _always("withdrawn"),
    WithdrawalDeclined: _kept,
    DeadlineMissed: _late,
    DeadlineRecalculated: _rescheduled,
    ItemTracked: _posted,
    ItemDelivered: _always("delivered", "item_number"),
    ItemReturned: _always("undelivered", "item_number"),
    PostalJobCancelled: _always("post_cancelled"),
    ResultReturned: _returned,
}
"""What is sent of each payload."""

KINDS = (
    "submitted",
    "accepted",
    "refused",
    "withdrawn",
    "withdrawal_declined",
    "supplement_requested",
    "supplement_ending",
    "supplement_extended",
    "supplement_expired",
    "resumed",
    "payment_requested",
    "payment_confirmed",
    "suspended",
    "continued",
    "extended",
    "closed",
    "reopened",
    "resolved",
    "late",
    "rescheduled",
    "posted",
    "delivered",
    "undelivered",
    "post_cancelled",
    "returned",
)
"""Every kind of message; each has its templates."""
