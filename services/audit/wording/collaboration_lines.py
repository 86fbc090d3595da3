"""One line about each event of the work that officers and units share: drafts, opinions,
stand-ins, moves, in Vietnamese and English.
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

from services.audit.wording.formatting import NOTHING, Line, Text, fixed, moment

_PAPER: Final[Mapping[int, Text]] = {
    1: ("kết quả", "result"),
    2: ("yêu cầu bổ sung", "request for a supplement"),
    3: ("trả lại", "return"),
    4: ("xin lỗi", "apology"),
}


def _pulled_back(said: Any, _time_zone: str) -> Text:
    back = f"{said.next.step}, {said.next.unit}"
    return f"Thu hồi về bước {back}", f"Pulled back to {back}"


def _moved(said: Any, _time_zone: str) -> Text:
    to = f"{said.process} v{said.process_version}"
    return f"Chuyển sang quy trình {to}", f"Moved to process {to}"


def _participant(said: Any, _time_zone: str) -> Text:
    vi, en = {
        1: ("phối hợp", "cooperates"),
        2: ("theo dõi", "watches"),
    }.get(said.participation, ("thôi tham gia", "takes part no more"))
    return f"Cán bộ {said.officer} {vi}", f"Officer {said.officer} {en}"


def _asked(said: Any, time_zone: str) -> Text:
    if not said.HasField("due_at"):
        return (
            f"Lấy ý kiến số {said.number}: {said.unit}",
            f"Consultation {said.number}: {said.unit}",
        )
    vi, en = moment(said.due_at, time_zone)
    return (
        f"Lấy ý kiến số {said.number}: {said.unit}, chờ đến {vi}",
        f"Consultation {said.number}: {said.unit}, to be answered by {en}",
    )


def _answered(said: Any, _time_zone: str) -> Text:
    vi, en = {
        1: ("đồng ý", "agrees"),
        2: ("không đồng ý", "disagrees"),
        3: ("không có ý kiến", "has no opinion"),
    }.get(said.opinion, NOTHING)
    unit_vi = f"{said.successor_unit} (thay {said.unit})" if said.successor_unit else said.unit
    unit_en = f"{said.successor_unit} (for {said.unit})" if said.successor_unit else said.unit
    return (
        f"Đơn vị {unit_vi} trả lời ý kiến số {said.number}: {vi}",
        f"Consultation {said.number} answered: {unit_en} {en}",
    )


def _delegated(said: Any, time_zone: str) -> Text:
    begins, ends = moment(said.begins_at, time_zone), moment(said.ends_at, time_zone)
    return (
        f"{said.substitute} thay {said.officer} từ {begins[0]} đến {ends[0]}",
        f"{said.substitute} stands in for {said.officer} from {begins[1]} to {ends[1]}",
    )


def _back(said: Any, _time_zone: str) -> Text:
    part = f" ({said.unit})" if said.unit else ""
    return (
        f"{said.officer} trở lại làm việc, không còn ai thay{part}",
        f"{said.officer} is back, nobody stands in any more{part}",
    )


def _delegation_ended(said: Any, _time_zone: str) -> Text:
    part = f" ({said.unit})" if said.unit else ""
    return (
        f"{said.substitute} thôi thay {said.officer}{part}",
        f"{said.substitute} stands in for {said.officer} no more{part}",
    )


def _drafted(said: Any, _time_zone: str) -> Text:
    vi, en = _PAPER.get(said.kind, NOTHING)
    return f"Dự thảo số {said.number}: {vi}", f"Draft {said.number}: {en}"


def _judged(said: Any, _time_zone: str) -> Text:
    vi, en = _PAPER.get(said.kind, NOTHING)
    signing = said.stage == DocumentStage.DOCUMENT_STAGE_SIGNATURE
    if not said.approved:
        done = ("không ký", "not signed") if signing else ("không duyệt", "not approved in review")
    else:
        done = ("đã ký", "signed") if signing else ("đã duyệt", "reviewed")
    number = f", {said.document_number}" if said.document_number else ""
    return (
        f"Dự thảo số {said.number} ({vi}): {done[0]}{number}",
        f"Draft {said.number} ({en}): {done[1]}{number}",
    )


LINES: Final[Mapping[type[Message], Line]] = {
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
