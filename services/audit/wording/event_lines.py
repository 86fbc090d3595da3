"""Names of the states, and one line about each event, in Vietnamese and English.

Lines hold codes, units and dates of the event; never anything that a person wrote or personal data.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from google.protobuf.message import DecodeError, Message
from motcua.events.v1.event_pb2 import Event
from motcua.intake.v1.dossier_events_pb2 import (
    DossierAccepted,
    DossierRefused,
    DossierSubmitted,
    DossierWithdrawn,
    ExternalCodeRecorded,
    ResultReturned,
    SupplementSubmitted,
    WithdrawalRequested,
)
from motcua.intake.v1.fee_events_pb2 import FeeCancelled, FeeRecorded
from motcua.notify.v1.message_events_pb2 import (
    MessageFailed,
    MessageQueued,
    MessageSent,
    MessageSuppressed,
)
from motcua.postal.v1.job_events_pb2 import (
    ItemDelivered,
    ItemReturned,
    ItemTracked,
    PostalJobCreated,
    PostalJobRefused,
    PostalJobReoffered,
    PostalJobTaken,
    PostalLeaseExpired,
)
from motcua.routing.v1.case_events_pb2 import (
    CaseClosed,
    CaseOpened,
    CaseResolved,
    CaseWithdrawn,
    HistoryImported,
    StepAssigned,
    StepCompleted,
    StepRecorded,
    StepSentBack,
    WithdrawalDeclined,
)
from motcua.routing.v1.types_pb2 import CaseResult

from kernel.eventsourcing.envelope import payload_of, short_name
from office.tracking_codes import tracked_line
from services.audit.state.event_changes import CHANNELS
from services.audit.wording import collaboration_lines, deadline_lines
from services.audit.wording.formatting import NOTHING, Text, ToLine, dong, due, fixed
from services.audit.wording.message_names import planned, suppressed

STATES: Final[Mapping[int, Text]] = {
    1: ("Mới đăng ký", "Newly registered"),
    2: ("Được tiếp nhận", "Accepted"),
    3: ("Không được tiếp nhận", "Not accepted"),
    4: ("Đang xử lý", "In processing"),
    5: ("Yêu cầu bổ sung giấy tờ", "Supplement requested"),
    6: ("Yêu cầu thực hiện nghĩa vụ tài chính", "Financial obligation requested"),
    7: ("Công dân yêu cầu rút hồ sơ", "Withdrawn by applicant"),
    8: ("Dừng xử lý", "Processing stopped"),
    9: ("Đã xử lý xong", "Resolved"),
    10: ("Đã trả kết quả", "Result returned"),
}

_CHANNEL: Final[Mapping[str, Text]] = {
    "online": ("trực tuyến", "online"),
    "counter": ("tại quầy", "at the counter"),
    "post": ("qua bưu chính", "by post"),
    "email": ("qua thư điện tử", "by e-mail"),
    "internal": ("nội bộ", "internally"),
}
_RESULT_CHANNEL: Final[Mapping[int, Text]] = {
    1: _CHANNEL["online"],
    2: _CHANNEL["counter"],
    3: _CHANNEL["post"],
}
_RESULT: Final[Mapping[int, Text]] = {
    CaseResult.CASE_RESULT_GRANTED: ("đồng ý", "granted"),
    CaseResult.CASE_RESULT_REJECTED: ("không đồng ý", "rejected"),
}


def summary(type_name: str, body: bytes, time_zone: str) -> Text:
    """Return in one line what happened; for a type that this build does not know, its name."""
    name = short_name(type_name) or "?"
    unknown = (f"Sự kiện {name}", f"Event {name}")
    try:
        payload = payload_of(Event.FromString(body))
    except DecodeError:
        return unknown
    line = None if payload is None else _LINES.get(type(payload))
    return unknown if line is None else line(payload, time_zone)


def _withdrawn(payload: Any, _time_zone: str) -> Text:
    if payload.parent_code:
        return (
            f"Kết thúc vì hồ sơ {payload.parent_code} đã được trả lại",
            f"Closed: {payload.parent_code}, which it was for, was given back",
        )
    return "Trả lại hồ sơ theo yêu cầu rút", "Closed: withdrawn"


def _submitted(payload: Any, _time_zone: str) -> Text:
    vi, en = _CHANNEL.get(CHANNELS.get(payload.channel, ""), NOTHING)
    return (
        f"Nộp hồ sơ {vi}, thủ tục {payload.procedure_code}",
        f"Submitted {en}, procedure {payload.procedure_code}",
    )


def _accepted(payload: Any, time_zone: str) -> Text:
    vi, en = due(payload, time_zone)
    return f"Tiếp nhận, {vi}", f"Accepted, {en}"


def _returned(payload: Any, _time_zone: str) -> Text:
    vi, en = _RESULT_CHANNEL.get(payload.result_channel, NOTHING)
    if not payload.item_number:
        return f"Đã trả kết quả {vi}", f"Result returned {en}"
    number = payload.item_number
    return f"Đã trả kết quả {vi}, bưu gửi {number}", f"Result returned {en}, item {number}"


def _opened(payload: Any, _time_zone: str) -> Text:
    return (
        f"Chuyển xử lý: {payload.current.step}, {payload.current.unit}",
        f"Case opened: {payload.current.step}, {payload.current.unit}",
    )


def _completed(payload: Any, _time_zone: str) -> Text:
    if not payload.HasField("next"):
        return f"Xong bước {payload.step}", f"Step {payload.step} completed"
    after = f"{payload.next.step}, {payload.next.unit}"
    return (
        f"Xong bước {payload.step}, chuyển {after}",
        f"Step {payload.step} completed, next {after}",
    )


def _sent_back(payload: Any, _time_zone: str) -> Text:
    back = f"{payload.next.step}, {payload.next.unit}"
    return f"Trả lại bước {back}", f"Sent back to {back}"


def _resolved(payload: Any, _time_zone: str) -> Text:
    vi, en = _RESULT.get(payload.result, NOTHING)
    number = f", {payload.result_number}" if payload.result_number else ""
    return f"Xử lý xong: {vi}{number}", f"Resolved: {en}{number}"


def _fee(payload: Any, _time_zone: str) -> Text:
    if payload.exempt_group:
        return f"Miễn phí, lệ phí ({payload.exempt_group})", f"Exempt ({payload.exempt_group})"
    return (
        f"Thu phí {dong(payload.phi)} đ, lệ phí {dong(payload.le_phi)} đ",
        f"Paid: phí {dong(payload.phi)} đ, lệ phí {dong(payload.le_phi)} đ",
    )


_LINES: Final[Mapping[type[Message], ToLine]] = {
    DossierSubmitted: _submitted,
    DossierAccepted: _accepted,
    DossierRefused: fixed("Không tiếp nhận ({})", "Refused ({})", "reason_code"),
    SupplementSubmitted: fixed(
        "Công dân bổ sung giấy tờ lần {}", "Supplement {} handed in", "round"
    ),
    WithdrawalRequested: fixed("Công dân xin rút hồ sơ", "Withdrawal asked for"),
    DossierWithdrawn: fixed("Rút hồ sơ trước khi tiếp nhận", "Withdrawn before it was accepted"),
    ResultReturned: _returned,
    FeeRecorded: _fee,
    FeeCancelled: fixed("Hủy ghi nhận phí, lệ phí ({})", "Payment cancelled ({})", "reason"),
    ExternalCodeRecorded: fixed("Số của hệ thống {}: {}", "Number in {}: {}", "system", "code"),
    CaseOpened: _opened,
    StepAssigned: fixed("Giao bước {} cho {}", "Step {} given to {}", "step", "assignee"),
    StepCompleted: _completed,
    StepSentBack: _sent_back,
    CaseClosed: fixed(
        "Trả lại hồ sơ: không bổ sung lần {}", "Closed: supplement {} was not handed in", "round"
    ),
    CaseResolved: _resolved,
    CaseWithdrawn: _withdrawn,
    WithdrawalDeclined: fixed(
        "Không cho rút hồ sơ ({})", "Withdrawal declined ({})", "reason_code"
    ),
    StepRecorded: fixed(
        "Bước của hệ thống khác: {}, {}", "Step in another system: {}, {}", "activity", "unit"
    ),
    HistoryImported: fixed("Đã nhập đủ lịch sử: {} bước", "History brought in: {} steps", "steps"),
    PostalJobCreated: fixed("Giao bưu chính {}", "Offered to post {}", "partner_id"),
    PostalJobTaken: fixed(
        "Bưu chính {} nhận, bưu gửi {}", "Taken by post {}, item {}", "partner_id", "item_number"
    ),
    PostalJobRefused: fixed(
        "Bưu chính {} từ chối ({})", "Refused by post {} ({})", "partner_id", "reason_code"
    ),
    PostalLeaseExpired: fixed("Bưu chính {} không phản hồi", "Post {} kept silent", "partner_id"),
    PostalJobReoffered: fixed(
        "Giao lại cho bưu chính {}", "Offered again to post {}", "partner_id"
    ),
    ItemTracked: lambda payload, _time_zone: tracked_line(payload.item_number, payload.code),
    ItemDelivered: fixed("Đã phát bưu gửi {}", "Item {} delivered", "item_number"),
    ItemReturned: fixed(
        "Bưu gửi {} hoàn về ({})",
        "Item {} brought back to the agency ({})",
        "item_number",
        "reason_code",
    ),
    MessageQueued: lambda payload, _time_zone: planned(payload.kind, payload.channel),
    MessageSuppressed: lambda payload, _time_zone: suppressed(payload.kind, payload.reason_code),
    MessageSent: fixed("Đã gửi tin, lần thử {}", "Message sent, attempt {}", "attempts"),
    MessageFailed: fixed(
        "Không gửi được tin ({})", "Message can't be delivered ({})", "reason_code"
    ),
    **deadline_lines.LINES,
    **collaboration_lines.LINES,
}
