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
from motcua.postal.v1.job_events_pb2 import ItemDelivered, ItemReturned, ItemTracked
from motcua.routing.v1.case_events_pb2 import (
    CaseClosed,
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


def _instant(moment: Timestamp) -> str:
    return isoformat(to_us(moment)) if moment.seconds else ""


def _submitted(payload: DossierSubmitted) -> tuple[str, Values]:
    return "submitted", {"answer_due_at": _instant(payload.answer_due_at)}


def _accepted(payload: DossierAccepted) -> tuple[str, Values]:
    return "accepted", {"due_at": _instant(payload.due_at)}


def _refused(payload: DossierRefused) -> tuple[str, Values]:
    return "refused", {"reason": payload.reason}


def _supplement_requested(payload: SupplementRequested) -> tuple[str, Values]:
    return "supplement_requested", {
        "reason": payload.reason,
        "answer_due_at": _instant(payload.answer_due_at),
    }


def _resumed(payload: CaseResumed) -> tuple[str, Values]:
    values = {"due_at": _instant(payload.due_at)}
    if payload.receipt_number:
        paid = dong(payload.paid.phi + payload.paid.le_phi)
        return "payment_confirmed", {
            **values,
            "receipt_number": payload.receipt_number,
            "paid": paid,
        }
    return ("resumed" if payload.kind in _PAPERS else "continued"), values


def _suspended(payload: CaseSuspended) -> tuple[str, Values]:
    values = {"reason": payload.reason, "expected_end_at": _instant(payload.expected_end_at)}
    if payload.kind != SuspensionKind.SUSPENSION_KIND_FINANCIAL:
        return "suspended", values
    phi, le_phi = payload.payment.phi, payload.payment.le_phi
    money = {"phi": dong(phi), "le_phi": dong(le_phi), "total": dong(phi + le_phi)}
    return "payment_requested", {**values, **money}


def dong(amount: int) -> str:
    """Write an amount of whole đồng with a point at each thousand; "" for nothing."""
    return f"{amount:,}".replace(",", ".") if amount else ""


def _extended(payload: DeadlineExtended) -> tuple[str, Values]:
    return "extended", {
        "previous_due_at": _instant(payload.previous_due_at),
        "due_at": _instant(payload.due_at),
        "reason": payload.reason,
        "apology": payload.apology,
        "apology_number": payload.apology_number,
        "signer_title": payload.signer_title,
    }


def _near(payload: DeadlineApproaching) -> tuple[str, Values] | None:
    if payload.suspended_for != SuspensionKind.SUSPENSION_KIND_SUPPLEMENT:
        return None
    return "supplement_ending", {"answer_due_at": _instant(payload.due_at)}


def _expired(payload: SupplementExpired) -> tuple[str, Values]:
    return "supplement_expired", {"answer_due_at": _instant(payload.answer_due_at)}


def _closed(payload: CaseClosed) -> tuple[str, Values]:
    return "closed", {"reason": payload.reason}


def _resolved(payload: CaseResolved) -> tuple[str, Values]:
    granted = payload.result == CaseResult.CASE_RESULT_GRANTED
    return "resolved", {
        "granted": "yes" if granted else "",
        "explanation": payload.explanation,
        "way": _CHANNELS.get(payload.result_channel, "counter"),
    }


def _withdrawn(_payload: Message) -> tuple[str, Values]:
    return "withdrawn", {}


def _kept(payload: WithdrawalDeclined) -> tuple[str, Values] | None:
    if payload.reason_code != DECLINED:
        return None  # the case had ended, of which the citizen was notified
    return "withdrawal_declined", {"reason": payload.reason}


def _late(payload: DeadlineMissed) -> tuple[str, Values] | None:
    if payload.scope != DeadlineScope.DEADLINE_SCOPE_DOSSIER:
        return None
    return "late", {"due_at": _instant(payload.due_at)}


def _rescheduled(payload: DeadlineRecalculated) -> tuple[str, Values] | None:
    if payload.scope == DeadlineScope.DEADLINE_SCOPE_SUSPENSION:
        return "supplement_extended", {
            "previous_due_at": _instant(payload.previous_due_at),
            "answer_due_at": _instant(payload.due_at),
            "reason": payload.reason,
        }
    if payload.scope != DeadlineScope.DEADLINE_SCOPE_DOSSIER:
        return None
    return "rescheduled", {
        "previous_due_at": _instant(payload.previous_due_at),
        "due_at": _instant(payload.due_at),
        "reason": payload.reason,
    }


def _posted(payload: ItemTracked) -> tuple[str, Values] | None:
    if payload.code != PICKED_UP:
        return None
    return "posted", {"item_number": payload.item_number}


def _delivered(payload: ItemDelivered) -> tuple[str, Values]:
    return "delivered", {"item_number": payload.item_number}


def _undelivered(payload: ItemReturned) -> tuple[str, Values]:
    return "undelivered", {"item_number": payload.item_number}


def _returned(payload: ResultReturned) -> tuple[str, Values] | None:
    if payload.result_channel == ResultChannel.RESULT_CHANNEL_POST:
        return None  # "delivered" was sent
    return "returned", {"way": _CHANNELS.get(payload.result_channel, "counter")}


CITIZEN_MESSAGES: Mapping[type[Message], Callable[[Any], tuple[str, Values] | None]] = {
    DossierSubmitted: _submitted,
    DossierAccepted: _accepted,
    DossierRefused: _refused,
    DossierWithdrawn: _withdrawn,
    SupplementRequested: _supplement_requested,
    CaseSuspended: _suspended,
    CaseResumed: _resumed,
    DeadlineExtended: _extended,
    DeadlineApproaching: _near,
    SupplementExpired: _expired,
    CaseClosed: _closed,
    CaseResolved: _resolved,
    CaseWithdrawn: _withdrawn,
    WithdrawalDeclined: _kept,
    DeadlineMissed: _late,
    DeadlineRecalculated: _rescheduled,
    ItemTracked: _posted,
    ItemDelivered: _delivered,
    ItemReturned: _undelivered,
    ResultReturned: _returned,
}
"""For each payload: the kind of message and its values, or None when the citizen need not know."""

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
    "resolved",
    "late",
    "rescheduled",
    "posted",
    "delivered",
    "undelivered",
    "returned",
)
"""Every kind of message; each has its templates."""
