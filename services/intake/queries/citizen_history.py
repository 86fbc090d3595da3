"""A dossier's history in words for the citizen, in Vietnamese and English.

Pure. A type of event without a sentence here does not concern the citizen and has no line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from google.protobuf.message import Message
from motcua.events.v1.common_pb2 import Part, ResultChannel
from motcua.events.v1.event_pb2 import Event
from motcua.intake.v1.dossier_events_pb2 import (
    DossierAccepted,
    DossierRefused,
    DossierSubmitted,
    DossierWithdrawn,
    ResultReturned,
    SupplementSubmitted,
    WithdrawalRequested,
)
from motcua.intake.v1.fee_events_pb2 import FeeCancelled, FeeRecorded
from motcua.intake.v1.intake_pb2 import HistoryLine
from motcua.postal.v1.job_events_pb2 import (
    ItemDelivered,
    ItemReturned,
    PostalJobRefused,
    PostalJobTaken,
)
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
from motcua.routing.v1.deadline_events_pb2 import DeadlineExtended, DeadlineRecalculated
from motcua.routing.v1.types_pb2 import CaseResult, DeadlineScope, SuspensionKind

from kernel.base.instants import to_datetime, to_us
from kernel.eventsourcing.envelope import payload_of, payload_type, short_name, type_name

Words = tuple[str, str]
"""A text in Vietnamese and in English."""
ToWords = Callable[[Any, str], Words]
"""Puts a payload into words; instants are written in the time zone given."""


def lines(events: Iterable[Event], tz: str, language: str) -> list[HistoryLine]:
    """Return what happened, the oldest first, without events that don't concern the citizen."""
    ordered = sorted(events, key=lambda e: (to_us(e.occurred_at), to_us(e.recorded_at), e.sequence))
    found = []
    for event in ordered:
        kind = payload_type(event)
        to_words = None if kind is None else _LINES.get(kind)
        if to_words is not None:
            vi, en = to_words(payload_of(event), tz)
            text = en if language == "en" else vi
            name = short_name(type_name(event))
            found.append(HistoryLine(at=event.occurred_at, type=name, text=text))
    return found


def moment(us: int, tz: str) -> str:
    """Write an instant as people here do: 17:00 ngày 11/08/2021 without the words."""
    return to_datetime(us, tz).strftime("%H:%M %d/%m/%Y")


def _until(payload: Message, field: str, tz: str, vi: str, en: str) -> Words:
    """Return an instant of a payload in words; nothing when it is absent."""
    if not payload.HasField(field):
        return "", ""
    when = moment(to_us(getattr(payload, field)), tz)
    return vi.format(when), en.format(when)


def _join(parts: Iterable[Part]) -> str:
    return ", ".join(f"{p.code} ({p.note})" if p.note else p.code for p in parts)


def _submitted(_payload: Any, _tz: str) -> Words:
    return "Hồ sơ đã được nộp.", "The dossier was handed in."


def _accepted(payload: Any, tz: str) -> Words:
    due = _until(
        payload, "due_at", tz, " Hẹn trả kết quả trước {0}.", " The result is promised by {0}."
    )
    vi, en = _phases(payload, tz)
    return f"Hồ sơ đã được tiếp nhận.{due[0]}{vi}", f"The dossier was accepted.{due[1]}{en}"


def _phases(payload: Any, tz: str) -> Words:
    """Return when each phase of a limit is due; nothing for a limit without phases."""
    ends = [moment(to_us(phase.due_at), tz) for phase in payload.phases]
    return (
        "".join(f" Giai đoạn {n}: đến {end}." for n, end in enumerate(ends, start=1)),
        "".join(f" Phase {n}: until {end}." for n, end in enumerate(ends, start=1)),
    )


def _refused(payload: Any, _tz: str) -> Words:
    return (
        f"Hồ sơ không được tiếp nhận. Lý do: {payload.reason}",
        f"The dossier was refused. Reason: {payload.reason}",
    )


def _supplemented(payload: Any, _tz: str) -> Words:
    return (
        f"Đã nộp giấy tờ bổ sung (lần {payload.round}).",
        f"The papers asked for were handed in (request {payload.round}).",
    )


def _withdrawal_requested(_payload: Any, _tz: str) -> Words:
    return "Đã gửi yêu cầu rút hồ sơ.", "A withdrawal was asked for."


def _withdrawn(_payload: Any, _tz: str) -> Words:
    return "Hồ sơ đã được rút theo yêu cầu.", "The dossier was withdrawn as asked for."


def _returned(payload: Any, _tz: str) -> Words:
    channels = {
        ResultChannel.RESULT_CHANNEL_ONLINE: (
            "Kết quả điện tử đã được trả.",
            "The electronic result was given to you.",
        ),
        ResultChannel.RESULT_CHANNEL_POST: (
            "Kết quả đã được bưu điện trả tận nơi.",
            "The result was delivered by post.",
        ),
    }
    at_the_counter = ("Kết quả đã được trả tại quầy.", "The result was handed over at the counter.")
    return channels.get(payload.result_channel, at_the_counter)


def _supplement_requested(payload: Any, tz: str) -> Words:
    vi, en = _until(payload, "answer_due_at", tz, " trước {0}", " by {0}")
    what = _join(payload.parts)
    return (
        f"Đề nghị bổ sung giấy tờ{vi}: {what}. Lý do: {payload.reason}",
        f"Papers are asked for{en}: {what}. Reason: {payload.reason}",
    )


def _resumed(payload: Any, tz: str) -> Words:
    vi, en = _until(
        payload, "due_at", tz, " Ngày hẹn trả mới: {0}.", " The result is now promised by {0}."
    )
    return f"Hồ sơ được tiếp tục giải quyết.{vi}", f"Work on the dossier goes on.{en}"


def _suspended(payload: Any, tz: str) -> Words:
    vi, en = _until(payload, "expected_end_at", tz, " trước {0}", " by {0}")
    if payload.kind == SuspensionKind.SUSPENSION_KIND_FINANCIAL:
        fee, charge = (
            f"{n:,}".replace(",", ".") for n in (payload.payment.fee, payload.payment.charge)
        )
        return (
            f"Đề nghị nộp phí {fee} đồng, lệ phí {charge} đồng{vi}. Lý do: {payload.reason}",
            f"Payment is asked for{en}: fee {fee} đồng, charge {charge} đồng. "
            f"Reason: {payload.reason}",
        )
    return (
        f"Hồ sơ tạm dừng giải quyết. Lý do: {payload.reason}",
        f"Work on the dossier is stopped. Reason: {payload.reason}",
    )


def _extended(payload: Any, tz: str) -> Words:
    vi, en = _until(payload, "due_at", tz, "{0}", "{0}")
    return (
        f"Xin lỗi và hẹn lại ngày trả kết quả: {vi}. Lý do: {payload.reason}",
        f"We apologise: the result is now promised by {en}. Reason: {payload.reason}",
    )


def _recalculated(payload: Any, tz: str) -> Words:
    vi, en = _until(payload, "due_at", tz, " {0}", " {0}")
    if payload.scope == DeadlineScope.DEADLINE_SCOPE_SUSPENSION:
        return (
            f"Thời hạn nộp bổ sung được kéo dài đến{vi}. Lý do: {payload.reason}",
            f"There is more time to hand in the papers, until{en}. Reason: {payload.reason}",
        )
    return (
        f"Ngày hẹn trả được tính lại:{vi}. Lý do: {payload.reason}",
        f"The promised date was computed anew:{en}. Reason: {payload.reason}",
    )


def _expired(payload: Any, tz: str) -> Words:
    vi, en = _until(payload, "answer_due_at", tz, " ({0})", " ({0})")
    return f"Đã hết thời hạn bổ sung giấy tờ{vi}.", f"The time to hand in papers has ended{en}."


def _closed(payload: Any, _tz: str) -> Words:
    return (
        f"Hồ sơ được trả lại vì không bổ sung đúng hạn. Lý do: {payload.reason}",
        f"The dossier is given back: papers did not come in time. Reason: {payload.reason}",
    )


def _resolved(payload: Any, _tz: str) -> Words:
    if payload.result == CaseResult.CASE_RESULT_REJECTED:
        return (
            f"Đã có kết quả: không chấp thuận. {payload.explanation}".strip(),
            f"The result is there: not granted. {payload.explanation}".strip(),
        )
    return "Đã có kết quả giải quyết hồ sơ.", "The result is there."


def _declined(payload: Any, _tz: str) -> Words:
    if payload.reason_code == "withdrawn":
        return (
            "Yêu cầu rút không được chấp nhận: hồ sơ đã được rút trước đó.",
            "The withdrawal was declined: the dossier was withdrawn before.",
        )
    if payload.reason_code == "declined":
        return (
            f"Yêu cầu rút không được chấp nhận: {payload.reason}",
            f"The withdrawal was declined: {payload.reason}",
        )
    if payload.reason_code == "closed":
        return (
            "Yêu cầu rút không được chấp nhận: hồ sơ đã được trả lại trước đó.",
            "The withdrawal was declined: the dossier was given back before.",
        )
    return (
        "Yêu cầu rút không được chấp nhận: hồ sơ đã có kết quả.",
        "The withdrawal was declined: the result is there already.",
    )


def _posted(payload: Any, _tz: str) -> Words:
    return (
        f"Kết quả đã được giao cho bưu điện, số bưu gửi {payload.item_number}.",
        f"The result was given to the post, item {payload.item_number}.",
    )


def _unwanted(_payload: Any, _tz: str) -> Words:
    return (
        "Bưu điện không nhận chuyển; kết quả được trả tại quầy.",
        "The post does not carry it; the result waits at the counter.",
    )


def _delivered(payload: Any, _tz: str) -> Words:
    return (
        f"Bưu điện đã phát bưu gửi {payload.item_number}.",
        f"The post delivered item {payload.item_number}.",
    )


def _came_back(payload: Any, _tz: str) -> Words:
    return (
        f"Bưu gửi {payload.item_number} không phát được và đã hoàn lại; kết quả được trả tại quầy.",
        f"Item {payload.item_number} came back undelivered; the result waits at the counter.",
    )


def _paid(payload: Any, _tz: str) -> Words:
    if payload.exempt_group:
        return "Được miễn phí, lệ phí.", "Nothing is to be paid: exempt."
    amounts = [f"{amount:,}".replace(",", ".") for amount in (payload.phi, payload.le_phi)]
    return (
        "Đã nộp phí {} đồng, lệ phí {} đồng.".format(*amounts),
        "Paid: phí (charges) {} đồng, lệ phí (fees) {} đồng.".format(*amounts),
    )


def _unpaid(payload: Any, _tz: str) -> Words:
    return (
        f"Việc thu phí, lệ phí đã ghi được hủy. Lý do: {payload.reason}",
        f"A payment that was recorded does not count. Reason: {payload.reason}",
    )


_LINES: Final[dict[type[Message], ToWords]] = {
    DossierSubmitted: _submitted,
    DossierAccepted: _accepted,
    DossierRefused: _refused,
    SupplementSubmitted: _supplemented,
    WithdrawalRequested: _withdrawal_requested,
    DossierWithdrawn: _withdrawn,
    ResultReturned: _returned,
    FeeRecorded: _paid,
    FeeCancelled: _unpaid,
    SupplementRequested: _supplement_requested,
    CaseSuspended: _suspended,
    CaseResumed: _resumed,
    DeadlineExtended: _extended,
    DeadlineRecalculated: _recalculated,
    SupplementExpired: _expired,
    CaseClosed: _closed,
    CaseResolved: _resolved,
    CaseWithdrawn: _withdrawn,
    WithdrawalDeclined: _declined,
    PostalJobTaken: _posted,
    PostalJobRefused: _unwanted,
    ItemDelivered: _delivered,
    ItemReturned: _came_back,
}
