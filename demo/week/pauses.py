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

from demo.week.office_client import OfficeClient
from demo.week.scenario import Filing
from kernel.base.instants import to_timestamp

FEE = Payment(phi=120_000, le_phi=30_000)

Begin = Callable[[OfficeClient, Filing, str, CaseStep], Awaitable[None]]
End = Callable[[OfficeClient, Filing, str, CaseStep, str], Awaitable[None]]


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


async def _ask_papers(client: OfficeClient, filing: Filing, code: str, step: CaseStep) -> None:
    part = Part(code=_part(filing), copies=1, note="Bản sao chưa được chứng thực")
    request = routing.RequestSupplementRequest(
        dossier_code=code, step=step.step, parts=[part], reason="Giấy tờ chưa hợp lệ."
    )
    await client.decide("RequestSupplement", request, step.unit, step.role)


async def _bring_papers(
    client: OfficeClient, filing: Filing, code: str, _step: CaseStep, pin: str
) -> None:
    await client.supplement(code, pin, _part(filing))


async def _ask_money(client: OfficeClient, _filing: Filing, code: str, step: CaseStep) -> None:
    request = routing.RequestPaymentRequest(
        dossier_code=code, step=step.step, payment=FEE, reason="Nộp phí thẩm định và lệ phí."
    )
    await client.decide("RequestPayment", request, step.unit, step.role)


async def _take_money(
    client: OfficeClient, filing: Filing, code: str, step: CaseStep, _pin: str
) -> None:
    request = routing.ConfirmPaymentRequest(
        dossier_code=code,
        step=step.step,
        paid=FEE,
        receipt_number=f"BL-{filing.number:05d}",
    )
    await client.decide("ConfirmPayment", request, step.unit, "accountant")


def _stop(kind: SuspensionKind, reason: str, counterpart: str) -> Begin:
    async def begin(client: OfficeClient, _filing: Filing, code: str, step: CaseStep) -> None:
        request = routing.SuspendCaseRequest(
            dossier_code=code, step=step.step, kind=kind, reason=reason, counterpart=counterpart
        )
        await client.decide("SuspendCase", request, step.unit, step.role)

    return begin


async def _go_on(
    client: OfficeClient, _filing: Filing, code: str, step: CaseStep, _pin: str
) -> None:
    request = routing.ResumeCaseRequest(
        dossier_code=code, step=step.step, reason="Đã có văn bản trả lời."
    )
    await client.decide("ResumeCase", request, step.unit, step.role)


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


async def ask_opinion(client: OfficeClient, code: str, step: CaseStep) -> str:
    """Ask another unit for its opinion, for which the step waits; return the unit."""
    unit = "H22.05" if step.unit != "H22.05" else "H22.02"
    request = routing.RequestConsultationRequest(
        dossier_code=code,
        step=step.step,
        unit=unit,
        question="Đề nghị cho ý kiến về lĩnh vực quản lý.",
        time_limit="1wd",
        waits=True,
    )
    await client.decide("RequestConsultation", request, step.unit, step.role)
    return unit


async def give_opinion(client: OfficeClient, code: str, unit: str, number: int) -> None:
    """Answer a question about a dossier, as an officer of the unit that was asked."""
    request = routing.AnswerConsultationRequest(
        dossier_code=code, number=number, opinion=Opinion.OPINION_AGREES, answer="Thống nhất."
    )
    await client.decide("AnswerConsultation", request, unit, "specialist")


async def extend(
    client: OfficeClient, filing: Filing, code: str, due_at: int, new_due_at: int | None
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
    return await client.decide("ExtendDeadline", request, filing.offer.unit, "leader")
