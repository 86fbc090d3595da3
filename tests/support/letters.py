"""Events of dossiers of which citizens are told, for tests of notify."""

from google.protobuf.message import Message
from motcua.events.v1.common_pb2 import (
    Actor,
    ActorKind,
    Part,
    PersonalData,
    ResultChannel,
    SealedData,
)
from motcua.events.v1.event_pb2 import Event
from motcua.intake.v1.dossier_events_pb2 import (
    DossierAccepted,
    DossierRefused,
    DossierSubmitted,
    DossierWithdrawn,
    ResultReturned,
)
from motcua.intake.v1.event_parts_pb2 import PartName
from motcua.postal.v1.job_events_pb2 import ItemDelivered, ItemReturned, ItemTracked
from motcua.routing.v1.case_events_pb2 import (
    CaseClosed,
    CaseReopened,
    CaseResolved,
    CaseResumed,
    CaseSuspended,
    CaseWithdrawn,
    SupplementExpired,
    SupplementRequested,
    WithdrawalDeclined,
)
from motcua.routing.v1.deadline_events_pb2 import (
    DeadlineApproaching,
    DeadlineEscalated,
    DeadlineExtended,
    DeadlineMissed,
    DeadlineRecalculated,
)
from motcua.routing.v1.types_pb2 import CaseResult, DeadlineScope, Payment, SuspensionKind

from kernel.base.instants import HOUR, to_timestamp
from kernel.crypto.keyring import Keyring
from tests.support.events import make_event

T0 = 1_628_474_400_000_000
"""9 August 2021, 09:00 in Hanoi."""
DUE = to_timestamp(T0 + 32 * HOUR)
DUE_TEXT = "2021-08-10T10:00:00+00:00"
LATER = to_timestamp(T0 + 56 * HOUR)
LATER_TEXT = "2021-08-11T10:00:00+00:00"
PERSON = PersonalData(full_name="Vừ Thị Mỷ", email="my@example.vn", phone="0912345678", pin="1234")
ITEM = "EE123456785VN"

TU, SUONG = "tu.lq", "suong.vt"
"""Officers who are told of due dates."""
ESCALATED = DeadlineEscalated(
    scope=DeadlineScope.DEADLINE_SCOPE_STEP,
    step="appraise",
    step_title="Thẩm định",
    due_at=DUE,
    escalation_level="head",
    role="head",
    unit="H22.02",
    work_unit="H22.02.01",
    officers=[SUONG, TU],
)
NOBODY_TOLD = DeadlineEscalated(
    scope=DeadlineScope.DEADLINE_SCOPE_DOSSIER, due_at=DUE, escalation_level="head"
)
ACCEPTED = DossierAccepted(due_at=DUE)
REFUSED = DossierRefused(reason_code="incomplete", reason="Thiếu chữ ký.")
SUPPLEMENT = SupplementRequested(
    parts=[Part(code="A1", copies=2, note="Bản sao\nmờ"), Part(code="A2")],
    reason="Thiếu giấy tờ.",
    answer_due_at=DUE,
    round=1,
)
RESUMED = CaseResumed(due_at=DUE)
GRANTED = CaseResolved(
    result=CaseResult.CASE_RESULT_GRANTED, result_channel=ResultChannel.RESULT_CHANNEL_POST
)
REJECTED = CaseResolved(
    result=CaseResult.CASE_RESULT_REJECTED,
    explanation="Không đủ điều kiện.",
    result_channel=ResultChannel.RESULT_CHANNEL_COUNTER,
)
TO_PAY = CaseSuspended(
    kind=SuspensionKind.SUSPENSION_KIND_FINANCIAL,
    reason="Phí thẩm định.",
    payment=Payment(phi=1_150_000, le_phi=20_000),
    expected_end_at=DUE,
)
PAID = CaseResumed(
    kind=SuspensionKind.SUSPENSION_KIND_FINANCIAL,
    due_at=DUE,
    paid=Payment(phi=1_150_000, le_phi=20_000),
    receipt_number="BL-7",
)
STOPPED = CaseSuspended(
    kind=SuspensionKind.SUSPENSION_KIND_STOPPED, reason="Chờ xác minh.", expected_end_at=DUE
)
WENT_ON = CaseResumed(kind=SuspensionKind.SUSPENSION_KIND_STOPPED, due_at=DUE)
EXTENDED = DeadlineExtended(
    previous_due_at=DUE,
    due_at=DUE,
    reason="Phải xác minh thêm.",
    apology="Chúng tôi thành thật xin lỗi.",
    apology_number="12/PXL",
    signer="sep",
    signer_title="Phó Giám đốc",
)
PAPERS_NEAR = DeadlineApproaching(
    scope=DeadlineScope.DEADLINE_SCOPE_SUSPENSION,
    due_at=DUE,
    suspended_for=SuspensionKind.SUSPENSION_KIND_SUPPLEMENT,
)
STOP_NEAR = DeadlineApproaching(
    scope=DeadlineScope.DEADLINE_SCOPE_SUSPENSION,
    due_at=DUE,
    suspended_for=SuspensionKind.SUSPENSION_KIND_STOPPED,
)
PAPERS_GONE = SupplementExpired(round=1, answer_due_at=DUE)
GOES_ON_AFTER_ALL = CaseReopened(round=1)
GIVEN_BACK = CaseClosed(round=1, reason="Không bổ sung đúng hạn.")
LATE = DeadlineMissed(scope=DeadlineScope.DEADLINE_SCOPE_DOSSIER, due_at=DUE)
STEP_LATE = DeadlineMissed(scope=DeadlineScope.DEADLINE_SCOPE_STEP, step="thẩm định", due_at=DUE)
RESCHEDULED = DeadlineRecalculated(
    scope=DeadlineScope.DEADLINE_SCOPE_DOSSIER,
    previous_due_at=DUE,
    due_at=LATER,
    reason="12729/VPCP-KGVX",
)
STEP_RESCHEDULED = DeadlineRecalculated(
    scope=DeadlineScope.DEADLINE_SCOPE_STEP, step="thẩm định", previous_due_at=DUE, due_at=LATER
)
PAPERS_LATER = DeadlineRecalculated(
    scope=DeadlineScope.DEADLINE_SCOPE_SUSPENSION,
    previous_due_at=DUE,
    due_at=LATER,
    reason="12729/VPCP-KGVX",
)
QUESTION_NEAR = DeadlineApproaching(
    scope=DeadlineScope.DEADLINE_SCOPE_CONSULTATION, consultation=1, due_at=DUE
)
QUESTION_LATE = DeadlineMissed(
    scope=DeadlineScope.DEADLINE_SCOPE_CONSULTATION, consultation=1, due_at=DUE
)
POSTED = ItemTracked(code="EMA", item_number=ITEM)
ON_ITS_WAY = ItemTracked(code="EMG", item_number=ITEM)
DELIVERED = ItemDelivered(item_number=ITEM)
SENT_BACK = ItemReturned(item_number=ITEM)
HANDED_OVER = ResultReturned(result_channel=ResultChannel.RESULT_CHANNEL_COUNTER)
RETURNED_ONLINE = ResultReturned(result_channel=ResultChannel.RESULT_CHANNEL_ONLINE)
RETURNED_BY_POST = ResultReturned(result_channel=ResultChannel.RESULT_CHANNEL_POST)
LET_GO = DossierWithdrawn()
CLOSED = CaseWithdrawn()
KEPT = WithdrawalDeclined(reason_code="declined", reason="Đã ký kết quả.")

SOURCES = {
    "DossierSubmitted": "intake",
    "DossierAccepted": "intake",
    "DossierRefused": "intake",
    "DossierWithdrawn": "intake",
    "ResultReturned": "intake",
    "SupplementRequested": "routing",
    "CaseResumed": "routing",
    "CaseResolved": "routing",
    "CaseWithdrawn": "routing",
    "WithdrawalDeclined": "routing",
    "CaseSuspended": "routing",
    "CaseClosed": "routing",
    "CaseReopened": "routing",
    "DeadlineApproaching": "routing",
    "DeadlineEscalated": "routing",
    "DeadlineExtended": "routing",
    "DeadlineMissed": "routing",
    "SupplementExpired": "routing",
    "ItemTracked": "postal",
    "ItemDelivered": "postal",
    "ItemReturned": "postal",
}
"""Which service says what; everything else is notify's."""


def escalated_to(*officers: str) -> DeadlineEscalated:
    """Return ``ESCALATED``, told to these officers."""
    payload = DeadlineEscalated()
    payload.CopyFrom(ESCALATED)
    payload.officers[:] = officers
    return payload


def submitted(
    applicant: SealedData | None = None,
    *,
    consent: bool = True,
    language: str = "vi",
    imported_from: str = "",
    parent_code: str = "",
) -> DossierSubmitted:
    """Return the event with which a dossier begins."""
    return DossierSubmitted(
        procedure_code="P1",
        procedure_name="Cấp Giấy phép bán lẻ rượu",
        procedure_name_en="Licence to sell spirits by retail",
        part_names=[PartName(code="A1", name="Giấy phép", name_en="Licence")],
        unit="H22.02",
        unit_name="Sở Công Thương",
        unit_name_en="Department of Industry and Trade",
        time_zone="Asia/Ho_Chi_Minh",
        language=language,
        consent_email=consent,
        applicant=applicant,
        answer_due_at=DUE,
        imported_from=imported_from,
        parent_code=parent_code,
    )


def seal(keyring: Keyring, code: str, person: PersonalData) -> SealedData:
    """Seal a person's data with a new key of the dossier."""
    key = keyring.new_key(code)
    keyring.save([key])
    return key.seal("applicant", person)


class Streams:
    """Makes events of all services about dossiers, numbered without gaps."""

    def __init__(self) -> None:
        self._last: dict[tuple[str, str], int] = {}

    def event(self, code: str, payload: Message) -> Event:
        """Return the next event of the payload's service about a dossier."""
        source = SOURCES.get(payload.DESCRIPTOR.name, "notify")
        sequence = self._last[code, source] = self._last.get((code, source), 0) + 1
        return make_event(
            code,
            source,
            sequence,
            payload,
            actor=Actor(kind=ActorKind.ACTOR_KIND_SYSTEM, id=source),
            occurred_at=T0 + sequence,
            recorded_at=T0 + sequence,
            causation_id="",
            correlation_id=f"correlation-{code}",
        )
