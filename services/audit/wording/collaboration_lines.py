"""One line about each event of collaboration, in Vietnamese and English.

That is drafts, consultations, substitutes, moves, child dossiers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from google.protobuf.message import Message
from motcua.routing.v1.case_events_pb2 import CaseCorrected, CaseMoved, CasePulledBack, StepOpened
from motcua.routing.v1.collaboration_events_pb2 import (
    ChildEnded,
    ChildRequested,
    ChildWithheld,
    ConsultationAnswered,
    ConsultationCancelled,
    ConsultationRequested,
    DocumentDrafted,
    DocumentReviewed,
    ParticipantChanged,
    WorkDelegated,
)
from motcua.routing.v1.officer_events_pb2 import AbsenceDelegated, AbsenceEnded, DelegationEnded
from motcua.routing.v1.types_pb2 import DocumentStage

from services.audit.wording.formatting import NOTHING, Text, ToLine, fixed, moment

_PAPER: Final[Mapping[int, Text]] = {
    1: ("kết quả", "result"),
    2: ("yêu cầu bổ sung", "request for a supplement"),
    3: ("trả lại", "return"),
    4: ("xin lỗi", "apology"),
}


def _pulled_back(payload: Any, _time_zone: str) -> Text:
    back = f"{payload.next.step}, {payload.next.unit}"
    return f"Thu hồi về bước {back}", f"Pulled back to {back}"


def _moved(payload: Any, _time_zone: str) -> Text:
    to = f"{payload.process} v{payload.process_version}"
    return f"Chuyển sang quy trình {to}", f"Moved to process {to}"


def _participant(payload: Any, _time_zone: str) -> Text:
    vi, en = {
        1: ("phối hợp", "cooperates"),
        2: ("theo dõi", "watches"),
    }.get(payload.participation, ("thôi tham gia", "takes part no more"))
    return f"Cán bộ {payload.officer} {vi}", f"Officer {payload.officer} {en}"


def _asked(payload: Any, time_zone: str) -> Text:
    if not payload.HasField("due_at"):
        return (
            f"Lấy ý kiến số {payload.number}: {payload.unit}",
            f"Consultation {payload.number}: {payload.unit}",
        )
    vi, en = moment(payload.due_at, time_zone)
    return (
        f"Lấy ý kiến số {payload.number}: {payload.unit}, chờ đến {vi}",
        f"Consultation {payload.number}: {payload.unit}, to be answered by {en}",
    )


def _answered(payload: Any, _time_zone: str) -> Text:
    vi, en = {
        1: ("đồng ý", "agrees"),
        2: ("không đồng ý", "disagrees"),
        3: ("không có ý kiến", "has no opinion"),
    }.get(payload.opinion, NOTHING)
    unit_vi = (
        f"{payload.successor_unit} (thay {payload.unit})"
        if payload.successor_unit
        else payload.unit
    )
    unit_en = (
        f"{payload.successor_unit} (for {payload.unit})" if payload.successor_unit else payload.unit
    )
    return (
        f"Đơn vị {unit_vi} trả lời ý kiến số {payload.number}: {vi}",
        f"Consultation {payload.number} answered: {unit_en} {en}",
    )


def _delegated(payload: Any, time_zone: str) -> Text:
    begins, ends = moment(payload.begins_at, time_zone), moment(payload.ends_at, time_zone)
    return (
        f"{payload.substitute} thay {payload.officer} từ {begins[0]} đến {ends[0]}",
        f"{payload.substitute} stands in for {payload.officer} from {begins[1]} to {ends[1]}",
    )


def _back(payload: Any, _time_zone: str) -> Text:
    part = f" ({payload.unit})" if payload.unit else ""
    return (
        f"{payload.officer} trở lại làm việc, không còn ai thay{part}",
        f"{payload.officer} is back, nobody stands in any more{part}",
    )


def _delegation_ended(payload: Any, _time_zone: str) -> Text:
    part = f" ({payload.unit})" if payload.unit else ""
    return (
        f"{payload.substitute} thôi thay {payload.officer}{part}",
        f"{payload.substitute} stands in for {payload.officer} no more{part}",
    )


def _drafted(payload: Any, _time_zone: str) -> Text:
    vi, en = _PAPER.get(payload.kind, NOTHING)
    return f"Dự thảo số {payload.number}: {vi}", f"Draft {payload.number}: {en}"


def _judged(payload: Any, _time_zone: str) -> Text:
    vi, en = _PAPER.get(payload.kind, NOTHING)
    signing = payload.stage == DocumentStage.DOCUMENT_STAGE_SIGNATURE
    if not payload.approved:
        done = ("không ký", "not signed") if signing else ("không duyệt", "not approved in review")
    else:
        done = ("đã ký", "signed") if signing else ("đã duyệt", "reviewed")
    number = f", {payload.document_number}" if payload.document_number else ""
    return (
        f"Dự thảo số {payload.number} ({vi}): {done[0]}{number}",
        f"Draft {payload.number} ({en}): {done[1]}{number}",
    )


LINES: Final[Mapping[type[Message], ToLine]] = {
    StepOpened: fixed("Đã mở bước {}", "Step {} opened", "step"),
    CasePulledBack: _pulled_back,
    CaseMoved: _moved,
    ParticipantChanged: _participant,
    ConsultationRequested: _asked,
    ConsultationAnswered: _answered,
    ConsultationCancelled: fixed(
        "Rút lại lần lấy ý kiến số {}: {}", "Consultation {} taken back: {}", "number", "unit"
    ),
    WorkDelegated: _delegated,
    AbsenceDelegated: _delegated,
    AbsenceEnded: _back,
    DelegationEnded: _delegation_ended,
    DocumentDrafted: _drafted,
    DocumentReviewed: _judged,
    CaseCorrected: fixed("Đính chính {}", "Corrected {}", "result_number"),
    ChildRequested: fixed(
        "Mở hồ sơ liên thông số {}: {}", "Child {} asked for: {}", "number", "procedure_code"
    ),
    ChildWithheld: fixed(
        "Không mở hồ sơ liên thông số {} ({}): đã có {} hồ sơ cấp trên nối tiếp nhau",
        "Child {} not asked for ({}): {} dossiers stand above this one already",
        "number",
        "procedure_code",
        "above",
    ),
    ChildEnded: fixed(
        "Hồ sơ liên thông {} kết thúc: {}", "Child {} ended: {}", "child_code", "ending"
    ),
}
"""The line of each of these events, by its payload's field."""
