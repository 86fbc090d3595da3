"""Which events a citizen is told of, as what, and with which facts. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from google.protobuf.timestamp_pb2 import Timestamp
from motcua.events.v1.common_pb2 import ResultChannel
from motcua.events.v1.envelope_pb2 import DossierEvent
from motcua.routing.v1.types_pb2 import CaseResult, DeadlineScope, SuspensionKind

from kernel.base.instants import isoformat, to_us

Values = dict[str, str]
ONCE = frozenset({"submitted", "posted", "delivered", "returned"})
"""Kinds of which a citizen is told once for a dossier, however often the event comes. Lateness is
not among them: a promise that was renewed and missed again is another apology.
"""
OVERTAKEN: Mapping[str, frozenset[str]] = {"posted": frozenset({"delivered", "undelivered"})}
"""Kinds that are not told any more once one of these was: partners report in any order."""
PICKED_UP = "EMA"
"""The EMSEVT code by which a partner says that the item is on its way."""
DECLINED = "declined"
"""The ground by which an officer said no to a wish to withdraw."""
_PAPERS = (
    SuspensionKind.SUSPENSION_KIND_UNSPECIFIED,
    SuspensionKind.SUSPENSION_KIND_SUPPLEMENT,
)
"""Why a clock had stood still when papers were awaited; the oldest events do not say why."""
_WAYS = {
    ResultChannel.RESULT_CHANNEL_ONLINE: "online",
    ResultChannel.RESULT_CHANNEL_COUNTER: "counter",
    ResultChannel.RESULT_CHANNEL_POST: "post",
}


def _instant(moment: Timestamp) -> str:
    return isoformat(to_us(moment)) if moment.seconds else ""


def _submitted(event: DossierEvent) -> tuple[str, Values]:
    return "submitted", {"answer_due_at": _instant(event.dossier_submitted.answer_due_at)}


def _accepted(event: DossierEvent) -> tuple[str, Values]:
    return "accepted", {"due_at": _instant(event.dossier_accepted.due_at)}


def _refused(event: DossierEvent) -> tuple[str, Values]:
    return "refused", {"reason": event.dossier_refused.reason}


def _supplement_requested(event: DossierEvent) -> tuple[str, Values]:
    asked = event.supplement_requested
    return "supplement_requested", {
        "reason": asked.reason,
        "answer_due_at": _instant(asked.answer_due_at),
    }


def _resumed(event: DossierEvent) -> tuple[str, Values]:
    said = event.case_resumed
    values = {"due_at": _instant(said.due_at)}
    if said.receipt_number:
        paid = dong(said.paid.fee + said.paid.charge)
        return "payment_confirmed", {**values, "receipt_number": said.receipt_number, "paid": paid}
    return ("resumed" if said.kind in _PAPERS else "continued"), values


def _suspended(event: DossierEvent) -> tuple[str, Values]:
    said = event.case_suspended
    values = {"reason": said.reason, "expected_end_at": _instant(said.expected_end_at)}
    if said.kind != SuspensionKind.SUSPENSION_KIND_FINANCIAL:
        return "suspended", values
    fee, charge = said.payment.fee, said.payment.charge
    money = {"fee": dong(fee), "charge": dong(charge), "total": dong(fee + charge)}
    return "payment_requested", {**values, **money}


def dong(amount: int) -> str:
    """Write an amount of whole đồng with a point at each thousand; "" for nothing."""
    return f"{amount:,}".replace(",", ".") if amount else ""


def _extended(event: DossierEvent) -> tuple[str, Values]:
    said = event.deadline_extended
    return "extended", {
        "previous_due_at": _instant(said.previous_due_at),
        "due_at": _instant(said.due_at),
        "reason": said.reason,
        "apology": said.apology,
        "apology_number": said.apology_number,
        "signer_title": said.signer_title,
    }


def _near(event: DossierEvent) -> tuple[str, Values] | None:
    said = event.deadline_approaching
    if said.suspended_for != SuspensionKind.SUSPENSION_KIND_SUPPLEMENT:
        return None
    return "supplement_ending", {"answer_due_at": _instant(said.due_at)}


def _expired(event: DossierEvent) -> tuple[str, Values]:
    return "supplement_expired", {"answer_due_at": _instant(event.supplement_expired.answer_due_at)}


def _closed(event: DossierEvent) -> tuple[str, Values]:
    return "closed", {"reason": event.case_closed.reason}


def _resolved(event: DossierEvent) -> tuple[str, Values]:
    done = event.case_resolved
    granted = done.result == CaseResult.CASE_RESULT_GRANTED
    return "resolved", {
        "granted": "yes" if granted else "",
        "explanation": done.explanation,
        "way": _WAYS.get(done.result_channel, "counter"),
    }


def _withdrawn(_event: DossierEvent) -> tuple[str, Values]:
    return "withdrawn", {}


def _kept(event: DossierEvent) -> tuple[str, Values] | None:
    said = event.withdrawal_declined
    if said.reason_code != DECLINED:
        return None  # the case had ended, and how was told
    return "withdrawal_declined", {"reason": said.reason}


def _late(event: DossierEvent) -> tuple[str, Values] | None:
    missed = event.deadline_missed
    if missed.scope != DeadlineScope.DEADLINE_SCOPE_DOSSIER:
        return None
    return "late", {"due_at": _instant(missed.due_at)}


def _rescheduled(event: DossierEvent) -> tuple[str, Values] | None:
    moved = event.deadline_recomputed
    if moved.scope == DeadlineScope.DEADLINE_SCOPE_SUSPENSION:
        return "supplement_extended", {
            "previous_due_at": _instant(moved.previous_due_at),
            "answer_due_at": _instant(moved.due_at),
            "reason": moved.reason,
        }
    if moved.scope != DeadlineScope.DEADLINE_SCOPE_DOSSIER:
        return None
    return "rescheduled", {
        "previous_due_at": _instant(moved.previous_due_at),
        "due_at": _instant(moved.due_at),
        "reason": moved.reason,
    }


def _posted(event: DossierEvent) -> tuple[str, Values] | None:
    if event.item_tracked.code != PICKED_UP:
        return None
    return "posted", {"item_number": event.item_tracked.item_number}


def _delivered(event: DossierEvent) -> tuple[str, Values]:
    return "delivered", {"item_number": event.item_delivered.item_number}


def _undelivered(event: DossierEvent) -> tuple[str, Values]:
    return "undelivered", {"item_number": event.item_returned.item_number}


def _returned(event: DossierEvent) -> tuple[str, Values] | None:
    done = event.result_returned
    if done.result_channel == ResultChannel.RESULT_CHANNEL_POST:
        return None  # "delivered" has said so
    return "returned", {"way": _WAYS.get(done.result_channel, "counter")}


TELLING: Mapping[str, Callable[[DossierEvent], tuple[str, Values] | None]] = {
    "dossier_submitted": _submitted,
    "dossier_accepted": _accepted,
    "dossier_refused": _refused,
    "dossier_withdrawn": _withdrawn,
    "supplement_requested": _supplement_requested,
    "case_suspended": _suspended,
    "case_resumed": _resumed,
    "deadline_extended": _extended,
    "deadline_approaching": _near,
    "supplement_expired": _expired,
    "case_closed": _closed,
    "case_resolved": _resolved,
    "case_withdrawn": _withdrawn,
    "withdrawal_declined": _kept,
    "deadline_missed": _late,
    "deadline_recomputed": _rescheduled,
    "item_tracked": _posted,
    "item_delivered": _delivered,
    "item_returned": _undelivered,
    "result_returned": _returned,
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
