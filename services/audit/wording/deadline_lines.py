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

from services.audit.wording.formatting import Line, Text, dong, due, moment


def _supplement(said: Any, time_zone: str) -> Text:
    vi, en = moment(said.answer_due_at, time_zone)
    return (
        f"Yêu cầu bổ sung lần {said.round}, chờ đến {vi}; dừng tính hạn",
        f"Supplement {said.round} requested, to be answered by {en}; the clock stops",
    )


def _resumed(said: Any, time_zone: str) -> Text:
    vi, en = due(said, time_zone)
    if said.extension_holds:
        vi, en = f"{vi} (giữ ngày gia hạn đã ký)", f"{en} (as the signed extension says)"
    if said.after_missed:
        vi, en = f"{vi} (hạn trước đã qua)", f"{en} (the date before had passed)"
    return f"Tiếp tục tính hạn, {vi}", f"The clock goes on, {en}"


_SUSPENDED: Final[Mapping[int, Text]] = {
    SuspensionKind.SUSPENSION_KIND_FINANCIAL: ("chờ thanh toán", "payment is awaited"),
    SuspensionKind.SUSPENSION_KIND_CONSULTATION: ("xin ý kiến", "an opinion is awaited"),
    SuspensionKind.SUSPENSION_KIND_STOPPED: ("dừng xử lý", "a third party is awaited"),
}


def _suspended(said: Any, _time_zone: str) -> Text:
    vi, en = _SUSPENDED.get(said.kind, ("tạm dừng", "suspended"))
    if said.HasField("payment"):
        money = f"phí {dong(said.payment.fee)} đ, lệ phí {dong(said.payment.charge)} đ"
        vi, en = f"{vi} ({money})", f"{en} ({money})"
    return f"Dừng tính hạn: {vi}", f"The clock stops: {en}"


def _extended(said: Any, time_zone: str) -> Text:
    old, new = moment(said.previous_due_at, time_zone), moment(said.due_at, time_zone)
    by = f"{said.signer} ({said.signer_unit})"
    return (
        f"Gia hạn từ {old[0]} đến {new[0]}, phiếu xin lỗi {said.apology_number}, {by} ký",
        f"Due date moved from {old[1]} to {new[1]}, apology {said.apology_number} signed by {by}",
    )


def _expired(said: Any, time_zone: str) -> Text:
    date, date_en = moment(said.answer_due_at, time_zone)
    return (
        f"Hết hạn bổ sung lần {said.round}: {date}",
        f"Time to answer supplement {said.round} has ended: {date_en}",
    )


def _escalated(said: Any, time_zone: str) -> Text:
    (vi, en), (date, date_en) = _scope(said), moment(said.due_at, time_zone)
    who = f" ({', '.join(said.officers)})" if said.officers else ""
    return (
        f"Báo {said.escalation_level} {said.unit}{who}: {vi}, hạn {date}",
        f"Told {said.escalation_level} of {said.unit}{who}: {en}, due {date_en}",
    )


def _check_approaching(said: Any, time_zone: str) -> Text:
    date, date_en = moment(said.answer_due_at, time_zone)
    return (
        f"Sắp hết hạn kiểm tra hồ sơ trực tuyến: {date}, {said.unit}",
        f"The desk's time to check is nearly over: {date_en}, {said.unit}",
    )


def _check_missed(said: Any, time_zone: str) -> Text:
    date, date_en = moment(said.answer_due_at, time_zone)
    return (
        f"Quá hạn kiểm tra hồ sơ trực tuyến: {date}, {said.unit}",
        f"The desk's time to check has passed: {date_en}, {said.unit}",
    )


def _scope(said: Any) -> Text:
    if said.scope == DeadlineScope.DEADLINE_SCOPE_SUSPENSION:
        return "thời gian tạm dừng", "suspension"
    if said.scope == DeadlineScope.DEADLINE_SCOPE_FIRST_ACTION:
        return f"nhận xử lý bước {said.step}", f"time to begin on step {said.step}"
    if said.scope == DeadlineScope.DEADLINE_SCOPE_STEP:
        return f"bước {said.step}", f"step {said.step}"
    if said.scope == DeadlineScope.DEADLINE_SCOPE_CONSULTATION:
        return f"trả lời ý kiến số {said.consultation}", f"consultation {said.consultation}"
    if said.scope == DeadlineScope.DEADLINE_SCOPE_TIMER:
        return f"tự chuyển bước {said.step}", f"timer of step {said.step}"
    if said.scope == DeadlineScope.DEADLINE_SCOPE_DESK_CHECK:
        return "kiểm tra hồ sơ trực tuyến", "desk check"
    return "hồ sơ", "dossier"


def _approaching(said: Any, time_zone: str) -> Text:
    (vi, en), (ngay, date) = _scope(said), moment(said.due_at, time_zone)
    return (
        f"Sắp hết hạn {vi}: {ngay}, {said.unit}",
        f"Due date of the {en} is near: {date}, {said.unit}",
    )


def _missed(said: Any, time_zone: str) -> Text:
    (vi, en), (ngay, date) = _scope(said), moment(said.due_at, time_zone)
    return (
        f"Quá hạn {vi}: {ngay}, {said.unit}",
        f"Due date of the {en} has passed: {date}, {said.unit}",
    )


def _recalculated(said: Any, time_zone: str) -> Text:
    (vi, en), (ngay, date) = _scope(said), moment(said.due_at, time_zone)
    truoc, before = moment(said.previous_due_at, time_zone)
    return (
        f"Tính lại hạn {vi}: {truoc} thành {ngay}, lịch {said.calendar_version} ({said.reason})",
        f"Due date of the {en} recalculated: {before} to {date}, calendar {said.calendar_version}"
        f" ({said.reason})",
    )


LINES: Final[Mapping[type[Message], Line]] = {
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
