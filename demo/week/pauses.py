"""Why the clock of a dossier stands still in the week, whose opinion is asked, and how its date is
moved.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from motcua.events.v1.common_pb2 import Part
from motcua.routing.v1 import routing_pb2 as routing
from motcua.routing.v1.routing_pb2 import CaseStep
from motcua.routing.v1.types_pb2 import Opinion, Payment, SuspensionKind

from demo.week.people import People
from demo.week.scenario import Filing
from kernel.base.instants import to_timestamp

FEE = Payment(fee=120_000, charge=30_000)

Begin = Callable[[People, Filing, str, CaseStep], Awaitable[None]]
End = Callable[[People, Filing, str, CaseStep, str], Awaitable[None]]


@dataclass(frozen=True)
class Pause:
    """One reason for the clock to stand still: who begins and ends it, and the citizen's mails."""

    kind: SuspensionKind
    begun_mail: str
    ended_mail: str
    begin: Begin
    end: End


def _part(filing: Filing) -> str:
    return filing.offer.parts[0][0] if filing.offer.parts else "other"


async def _ask_papers(people: People, filing: Filing, code: str, step: CaseStep) -> None:
    part = Part(code=_part(filing), copies=1, note="Bản sao chưa được chứng thực")
    request = routing.RequestSupplementRequest(
        dossier_code=code, step=step.step, parts=[part], reason="Giấy tờ chưa hợp lệ."
    )
    await people.decide("RequestSupplement", request, step.unit, step.role)


async def _bring_papers(
    people: People, filing: Filing, code: str, _step: CaseStep, pin: str
) -> None:
    await people.supplement(code, pin, _part(filing))


async def _ask_money(people: People, _filing: Filing, code: str, step: CaseStep) -> None:
    request = routing.RequestPaymentRequest(
        dossier_code=code, step=step.step, payment=FEE, reason="Nộp phí thẩm định và lệ phí."
    )
    await people.decide("RequestPayment", request, step.unit, step.role)


async def _take_money(people: People, filing: Filing, code: str, step: CaseStep, _pin: str) -> None:
    request = routing.ConfirmPaymentRequest(
        dossier_code=code,
        step=step.step,
        paid=FEE,
        receipt_number=f"BL-{filing.number:05d}",
    )
    await people.decide("ConfirmPayment", request, step.unit, "accountant")


def _stop(kind: SuspensionKind, reason: str, counterpart: str) -> Begin:
    async def begin(people: People, _filing: Filing, code: str, step: CaseStep) -> None:
        request = routing.StopCaseRequest(
            dossier_code=code, step=step.step, kind=kind, reason=reason, counterpart=counterpart
        )
        await people.decide("StopCase", request, step.unit, step.role)

    return begin


async def _go_on(people: People, _filing: Filing, code: str, step: CaseStep, _pin: str) -> None:
    request = routing.ResumeCaseRequest(
        dossier_code=code, step=step.step, reason="Đã có văn bản trả lời."
    )
    await people.decide("ResumeCase", request, step.unit, step.role)


_OPINION = SuspensionKind.SUSPENSION_KIND_CONSULTATION
_OUTSIDE = SuspensionKind.SUSPENSION_KIND_STOPPED

PAUSES = {
    "supplement": Pause(
        SuspensionKind.SUSPENSION_KIND_SUPPLEMENT,
        "supplement_requested",
        "resumed",
        _ask_papers,
        _bring_papers,
    ),
    "payment": Pause(
        SuspensionKind.SUSPENSION_KIND_FINANCIAL,
        "payment_requested",
        "payment_confirmed",
        _ask_money,
        _take_money,
    ),
    "consultation": Pause(
        _OPINION,
        "suspended",
        "continued",
        _stop(_OPINION, "Cần ý kiến của cơ quan khác.", "Công an tỉnh"),
        _go_on,
    ),
    "third_party": Pause(
        _OUTSIDE,
        "suspended",
        "continued",
        _stop(_OUTSIDE, "Chờ kết quả kiểm nghiệm.", "Trung tâm Kiểm nghiệm"),
        _go_on,
    ),
}
"""By the keys of ``scenario.PAUSE_SHARES``."""


async def ask_opinion(people: People, code: str, step: CaseStep) -> str:
    """Ask another unit for its opinion, for which the step waits; gives the unit."""
    unit = "H22.05" if step.unit != "H22.05" else "H22.02"
    request = routing.RequestConsultationRequest(
        dossier_code=code,
        step=step.step,
        unit=unit,
        question="Đề nghị cho ý kiến về lĩnh vực quản lý.",
        time_limit="1wd",
        waits=True,
    )
    await people.decide("RequestConsultation", request, step.unit, step.role)
    return unit


async def give_opinion(people: People, code: str, unit: str, number: int) -> None:
    """Answer a question about a dossier, as an officer of the unit that was asked."""
    request = routing.AnswerConsultationRequest(
        dossier_code=code, number=number, opinion=Opinion.OPINION_AGREES, answer="Thống nhất."
    )
    await people.decide("AnswerConsultation", request, unit, "specialist")


async def extend(
    people: People, filing: Filing, code: str, due_at: int, new_due_at: int | None
) -> routing.Case:
    """Have a leader of the dossier's unit move its promised date, with an apology."""
    assert new_due_at is not None
    request = routing.ExtendDeadlineRequest(
        dossier_code=code,
        previous_due_at=to_timestamp(due_at),
        due_at=to_timestamp(new_due_at),
        reason="Phải kiểm tra thực địa.",
        apology_number=f"{filing.number}/PXL",
        apology="Cơ quan xin lỗi Ông/Bà và xin được trả kết quả vào ngày hẹn mới dưới đây.",
        signer_title="Phó Thủ trưởng đơn vị",
    )
    return await people.decide("ExtendDeadline", request, filing.offer.unit, "leader")
