import re
from typing import cast

import pytest
from google.protobuf.message import Message
from motcua.audit.v1 import audit_pb2 as pb
from motcua.events.v1.common_pb2 import SealedData
from motcua.intake.v1.dossier_events_pb2 import (
    DeskCheckApproaching,
    DeskCheckMissed,
    DossierAccepted,
    DossierRefused,
    DossierWithdrawn,
    WithdrawalRequested,
)
from motcua.postal.v1.job_events_pb2 import ItemDelivered, ItemTracked
from motcua.routing.v1.case_events_pb2 import CaseMoved, CaseOpened, StepCompleted
from motcua.routing.v1.collaboration_events_pb2 import ConsultationAnswered, ConsultationCancelled
from motcua.routing.v1.deadline_events_pb2 import DeadlineApproaching, DeadlineMissed
from motcua.routing.v1.event_parts_pb2 import CurrentStep
from motcua.routing.v1.officer_events_pb2 import AbsenceEnded, DelegationEnded
from motcua.routing.v1.types_pb2 import DeadlineScope, Opinion

from kernel.eventsourcing.envelope import event_types
from office.people.directory import Directory, DirectoryUnit, Officer
from office.process.repository import installed_files, load_processes
from services.audit import responses
from services.audit.wording.event_lines import STATES, line_of, state_name, summary
from services.audit.wording.names import Names, along
from tests.support.audit_histories import HANOI, at, happened, stamp

WHEN = at("2021-08-09 08:00")


def _line(payload: Message, zone: str = HANOI) -> tuple[str, str]:
    event = happened(payload, WHEN)
    return summary(payload.DESCRIPTOR.name, event.SerializeToString(), zone)


@pytest.mark.parametrize("type_name", sorted(event_types()))
def test_every_event_has_a_line_in_both_languages(type_name: str) -> None:
    """Each type known to this build is told in words, even when its fields are empty."""
    vi, en = _line(event_types()[type_name]())

    assert vi != en
    assert not vi.startswith("Sự kiện ")
    assert not en.startswith("Event ")


@pytest.mark.parametrize("type_name", sorted(event_types()))
def test_values_newer_than_this_build_leave_the_line(type_name: str) -> None:
    """An event of a later build may have values that this one has no words for."""
    payload = event_types()[type_name]()
    for field in payload.DESCRIPTOR.fields:
        if field.enum_type and not field.is_repeated:
            setattr(payload, field.name, 99)

    vi, en = _line(payload)

    assert vi != en
    assert not en.startswith("Event ")


def test_a_scan_that_contradicts_the_delivery_says_so() -> None:
    """The return after a delivery does not look like an ordinary return."""
    item = "RN123456785VN"
    vi, en = _line(ItemTracked(item_number=item, code="RTS", contradicts=True))
    plain_vi, plain_en = _line(ItemTracked(item_number=item, code="RTS"))
    assert (vi, en) == (
        f"{plain_vi}; mâu thuẫn với kết quả phát đã ghi nhận trước đó",
        f"{plain_en}; contradicts what ended the delivery before",
    )


def test_an_entry_has_the_time_of_a_scan_beside_that_of_its_report() -> None:
    """Reported at 15:58, delivered at 15:48; of other events there is no second time."""
    reported = at("2021-08-09 15:58")

    def entry(payload: Message) -> pb.TimelineEntry:
        event = happened(payload, reported)
        row: dict[str, object] = dict.fromkeys(("source", "event_id", "trace"), "x")
        row |= {"type": payload.DESCRIPTOR.full_name, "body": event.SerializeToString()}
        numbers = dict.fromkeys(("sequence", "partition", "offset"), 1)
        times = dict.fromkeys(("occurred_at", "recorded_at"), reported)
        return responses.entry({**row, **numbers, **times, "hash": b""}, HANOI)

    scan = entry(ItemDelivered(happened_at=stamp("2021-08-09 15:48")))
    assert scan.happened_at == stamp("2021-08-09 15:48")
    assert scan.occurred_at == scan.recorded_at == stamp("2021-08-09 15:58")
    assert not entry(DossierAccepted()).HasField("happened_at")


def test_a_due_date_of_a_new_kind_is_told_as_the_dossiers() -> None:
    """Whose it is can't be told; that it is near can."""
    near = DeadlineApproaching(
        scope=cast(DeadlineScope, 99), due_at=stamp("2021-08-10 08:00"), unit="H22.12"
    )

    assert _line(near) == (
        "Sắp hết hạn hồ sơ: 08:00 ngày 10/08/2021, H22.12",
        "Due date of the dossier is near: 2021-08-10 08:00 +07:00, H22.12",
    )


def test_days_are_the_dossiers_own() -> None:
    """A due date is told as the clock on the dossier's wall shows it."""
    accepted = DossierAccepted(due_at=stamp("2021-08-12 16:35"))

    assert _line(accepted) == (
        "Tiếp nhận, hẹn trả 16:35 ngày 12/08/2021",
        "Accepted, due 2021-08-12 16:35 +07:00",
    )
    assert _line(accepted, "Europe/Amsterdam")[1] == "Accepted, due 2021-08-12 11:35 +02:00"


def test_the_desk_s_time_is_told_when_it_is_nearly_over_and_over() -> None:
    """Until when it was to answer, and whose desk."""
    fields = {"answer_due_at": stamp("2021-08-10 08:00"), "unit": "H22.12"}

    assert _line(DeskCheckApproaching(**fields)) == (
        "Sắp hết hạn kiểm tra hồ sơ trực tuyến: 08:00 ngày 10/08/2021, H22.12",
        "The desk's time to check is nearly over: 2021-08-10 08:00 +07:00, H22.12",
    )
    assert _line(DeskCheckMissed(**fields)) == (
        "Quá hạn kiểm tra hồ sơ trực tuyến: 08:00 ngày 10/08/2021, H22.12",
        "The desk's time to check has passed: 2021-08-10 08:00 +07:00, H22.12",
    )


def test_words_of_a_person_are_not_told() -> None:
    """Reasons in free words, which may name people, stay in the event."""
    for payload in (
        DossierRefused(reason_code="other", reason="Nguyễn Văn Kín"),
        DossierWithdrawn(reason=SealedData(ciphertext="Nguyễn Văn Kín".encode())),
        WithdrawalRequested(reason=SealedData(ciphertext="Nguyễn Văn Kín".encode())),
    ):
        assert not any("Kín" in text for text in _line(payload))


def test_an_unknown_type_is_told_by_its_name() -> None:
    """A type newer than this build, and bytes that no longer parse, are named and nothing more."""
    newer = b"\xfa\x7d\x02\x08\x01"

    assert summary("FeePaid", newer, HANOI) == ("Sự kiện FeePaid", "Event FeePaid")
    assert summary("", b"\xff", HANOI) == ("Sự kiện ?", "Event ?")


def test_every_state_of_the_portal_has_a_name() -> None:
    """The ten states of the national portal are named in both languages."""
    assert list(STATES) == list(range(1, 11))
    for state in STATES:
        vi, en = state_name(state)
        assert vi
        assert en
        assert vi != en


def test_an_early_end_says_for_whose_work() -> None:
    """A leader's word is for a unit, which the line names; the officer's own is for all."""
    ended = DelegationEnded(officer="an", substitute="binh")
    assert _line(ended)[1] == "binh stands in for an no more"
    assert _line(AbsenceEnded(officer="an", unit="H22.12")) == (
        "an trở lại làm việc, không còn ai thay (H22.12)",
        "an is back, nobody stands in any more (H22.12)",
    )


def test_a_successor_s_opinion_names_both_units() -> None:
    """Who answered, and who had been asked; a question that was taken back keeps its reason."""
    payload = ConsultationAnswered(
        number=1, unit="H22.02", successor_unit="H22.71", opinion=Opinion.OPINION_AGREES
    )
    assert _line(payload)[1] == "Consultation 1 answered: H22.71 (for H22.02) agrees"
    payload.successor_unit = ""
    assert _line(payload)[1] == "Consultation 1 answered: H22.02 agrees"
    taken = ConsultationCancelled(number=1, unit="H22.02", reason="Nguyễn Văn Kín")
    assert _line(taken)[1] == "Consultation 1 taken back: H22.02"


NAMES = Names(
    Directory(
        {
            "H22.02": DirectoryUnit("H22.02", "Sở Kế hoạch và Đầu tư"),
            "H22.12": DirectoryUnit("H22.12", "Sở Công Thương"),
        },
        {
            "an": Officer("an", "Lò Văn An", "H22.12", frozenset()),
            "binh": Officer("binh", "Sùng Thị Bình", "H22.12", frozenset()),
        },
    )
)
CODE = re.compile(r"H22|\ban\b|\bbinh\b")


def _filled(message: Message) -> Message:
    """Fill every field of an event that may hold the code of a unit or an officer."""
    for field in message.DESCRIPTOR.fields:
        if field.name in ("unit", "successor_unit"):
            setattr(message, field.name, "H22.02" if field.name == "unit" else "H22.12")
        elif field.name in ("officer", "assignee", "substitute"):
            setattr(message, field.name, "an" if field.name == "officer" else "binh")
        elif field.name in ("officers",) and field.message_type is None:
            getattr(message, field.name).append("binh")
        elif field.name in ("current", "next"):
            _filled(getattr(message, field.name))
    return message


@pytest.mark.parametrize("type_name", sorted(event_types()))
def test_units_and_officers_have_their_names_where_the_directory_knows_them(type_name: str) -> None:
    """In every event; without a directory the codes stay."""
    payload = _filled(event_types()[type_name]())

    lines = line_of(payload, HANOI, NAMES)

    assert [text for text in lines if CODE.search(text)] == []
    codes = [text for text in line_of(payload, HANOI) if CODE.search(text)]
    assert bool(codes) == (lines != line_of(payload, HANOI))


def test_a_case_is_opened_at_a_unit_with_a_name() -> None:
    """Also in the step that an event holds; a step that no process has keeps its name."""
    opened = CaseOpened(current=CurrentStep(step="receive", unit="H22.12"))
    assert line_of(opened, HANOI, NAMES)[1] == "Case opened: receive, Sở Công Thương"
    assert line_of(opened, HANOI)[1] == "Case opened: receive, H22.12"


STEPS = [
    CaseOpened(
        current=CurrentStep(step="appraise", unit="H22.12"), process="standard", process_version=1
    ),
    StepCompleted(step="appraise", next=CurrentStep(step="review", unit="H22.12")),
    DeadlineMissed(scope=DeadlineScope.DEADLINE_SCOPE_STEP, step="review"),
    CaseMoved(process="another", process_version=1),
    StepCompleted(step="appraise"),
]
"""A case whose process no file has in the end."""


def test_steps_have_the_titles_of_the_case_s_process() -> None:
    """In both languages; a step of a process that is not known keeps its name."""
    events = [happened(payload, WHEN) for payload in STEPS]
    rows = [
        {"type": payload.DESCRIPTOR.full_name, "body": event.SerializeToString()}
        for payload, event in zip(STEPS, events, strict=True)
    ]
    named = along(NAMES, rows, load_processes(installed_files(None)))
    lines = [line_of(payload, HANOI, names) for payload, names in zip(STEPS, named, strict=True)]
    assert [vi for vi, _en in lines][:2] == [
        "Chuyển xử lý: Thẩm định, Sở Công Thương",
        "Xong bước Thẩm định, chuyển Lãnh đạo phòng kiểm tra, Sở Công Thương",
    ]
    assert "step Review by the head of the division" in lines[2][1]
    assert lines[4][1] == "Step appraise completed"
