"""One line about each event that has to do with due dates and pauses, in Vietnamese and English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from google.protobuf.message import Message
from motcua.intake.v1.dossier_events_pb2 import DeskCheckApproaching, DeskCheckMissed
from motcua.routing.v1.case_events_pb2 import (
    CaseResumed,
    CaseSuspended,
    SupplementExpired,
    SupplementRequested,
)
from motcua.routing.v1.deadline_events_pb2 import (
    DeadlineApproaching,
    DeadlineEscalated,
    DeadlineExtended,
    DeadlineMissed,
    DeadlineRecalculated,
)
from motcua.routing.v1.types_pb2 import DeadlineScope, SuspensionKind

from services.audit.wording.formatting import Text, ToLine, dong, due, moment


def _supplement(payload: Any, time_zone: str) -> Text:
    vi, en = moment(payload.answer_due_at, time_zone)
    return (
        f"Yêu cầu bổ sung lần {payload.round}, chờ đến {vi}; dừng tính hạn",
        f"Supplement {payload.round} requested, to be answered by {en}; the clock stops",
    )


def _resumed(payload: Any, time_zone: str) -> Text:
    vi, en = due(payload, time_zone)
    if payload.extension_holds:
        vi, en = f"{vi} (giữ ngày gia hạn đã ký)", f"{en} (as the signed extension says)"
    if payload.after_missed:
        vi, en = f"{vi} (hạn trước đã qua)", f"{en} (the date before had passed)"
    return f"Tiếp tục tính hạn, {vi}", f"The clock goes on, {en}"


_SUSPENDED: Final[Mapping[int, Text]] = {
    SuspensionKind.SUSPENSION_KIND_FINANCIAL: ("chờ thanh toán", "payment is awaited"),
    SuspensionKind.SUSPENSION_KIND_CONSULTATION: ("xin ý kiến", "an opinion is awaited"),
    SuspensionKind.SUSPENSION_KIND_STOPPED: ("dừng xử lý", "a third party is awaited"),
}


def _suspended(payload: Any, _time_zone: str) -> Text:
    vi, en = _SUSPENDED.get(payload.kind, ("tạm dừng", "suspended"))
    if payload.HasField("payment"):
        money = f"phí {dong(payload.payment.fee)} đ, lệ phí {dong(payload.payment.charge)} đ"
        vi, en = f"{vi} ({money})", f"{en} ({money})"
    return f"Dừng tính hạn: {vi}", f"The clock stops: {en}"


def _extended(payload: Any, time_zone: str) -> Text:
    old, new = moment(payload.previous_due_at, time_zone), moment(payload.due_at, time_zone)
    by = f"{payload.signer} ({payload.signer_unit})"
    return (
        f"Gia hạn từ {old[0]} đến {new[0]}, phiếu xin lỗi {payload.apology_number}, {by} ký",
        f"Due date moved from {old[1]} to {new[1]}, apology {payload.apology_number}"
        f" signed by {by}",
    )


def _expired(payload: Any, time_zone: str) -> Text:
    date, date_en = moment(payload.answer_due_at, time_zone)
    return (
        f"Hết hạn bổ sung lần {payload.round}: {date}",
        f"Time to answer supplement {payload.round} has ended: {date_en}",
    )


def _escalated(payload: Any, time_zone: str) -> Text:
    (vi, en), (date, date_en) = _scope(payload), moment(payload.due_at, time_zone)
    who = f" ({', '.join(payload.officers)})" if payload.officers else ""
    return (
        f"Báo {payload.escalation_level} {payload.unit}{who}: {vi}, hạn {date}",
        f"Notified {payload.escalation_level} of {payload.unit}{who}: {en}, due {date_en}",
    )


def _check_approaching(payload: Any, time_zone: str) -> Text:
    date, date_en = moment(payload.answer_due_at, time_zone)
    return (
        f"Sắp hết hạn kiểm tra hồ sơ trực tuyến: {date}, {payload.unit}",
        f"The desk's time to check is nearly over: {date_en}, {payload.unit}",
    )


def _check_missed(payload: Any, time_zone: str) -> Text:
    date, date_en = moment(payload.answer_due_at, time_zone)
    return (
        f"Quá hạn kiểm tra hồ sơ trực tuyến: {date}, {payload.unit}",
        f"The desk's time to check has passed: {date_en}, {payload.unit}",
    )


def _scope(payload: Any) -> Text:
    if payload.scope == DeadlineScope.DEADLINE_SCOPE_SUSPENSION:
        return "thời gian tạm dừng", "suspension"
    if payload.scope == DeadlineScope.DEADLINE_SCOPE_FIRST_ACTION:
        return f"nhận xử lý bước {payload.step}", f"time to begin on step {payload.step}"
    if payload.scope == DeadlineScope.DEADLINE_SCOPE_STEP:
        return f"bước {payload.step}", f"step {payload.step}"
    if payload.scope == DeadlineScope.DEADLINE_SCOPE_CONSULTATION:
        return f"trả lời ý kiến số {payload.consultation}", f"consultation {payload.consultation}"
    if payload.scope == DeadlineScope.DEADLINE_SCOPE_TIMER:
        return f"tự chuyển bước {payload.step}", f"timer of step {payload.step}"
    if payload.scope == DeadlineScope.DEADLINE_SCOPE_DESK_CHECK:
        return "kiểm tra hồ sơ trực tuyến", "desk check"
    return "hồ sơ", "dossier"


def _approaching(payload: Any, time_zone: str) -> Text:
    (vi, en), (ngay, date) = _scope(payload), moment(payload.due_at, time_zone)
    return (
        f"Sắp hết hạn {vi}: {ngay}, {payload.unit}",
        f"Due date of the {en} is near: {date}, {payload.unit}",
    )


def _missed(payload: Any, time_zone: str) -> Text:
    (vi, en), (ngay, date) = _scope(payload), moment(payload.due_at, time_zone)
    return (
        f"Quá hạn {vi}: {ngay}, {payload.unit}",
        f"Due date of the {en} has passed: {date}, {payload.unit}",
    )


def _recalculated(payload: Any, time_zone: str) -> Text:
    (vi, en), (ngay, date) = _scope(payload), moment(payload.due_at, time_zone)
    truoc, before = moment(payload.previous_due_at, time_zone)
    return (
        f"Tính lại hạn {vi}: {truoc} thành {ngay}, lịch {payload.calendar_version}"
        f" ({payload.reason})",
        f"Due date of the {en} recalculated: {before} to {date},"
        f" calendar {payload.calendar_version} ({payload.reason})",
    )


LINES: Final[Mapping[type[Message], ToLine]] = {
    SupplementRequested: _supplement,
    CaseSuspended: _suspended,
    CaseResumed: _resumed,
    DeadlineExtended: _extended,
    SupplementExpired: _expired,
    DeadlineEscalated: _escalated,
    DeskCheckApproaching: _check_approaching,
    DeskCheckMissed: _check_missed,
    DeadlineApproaching: _approaching,
    DeadlineMissed: _missed,
    DeadlineRecalculated: _recalculated,
}
"""The line of each of these events, by its payload's field."""
