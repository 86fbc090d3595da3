"""The desk's database without a server, and events of all services to put into it."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from google.protobuf.message import Message
from motcua.events.v1.common_pb2 import Channel, Part, ResultChannel
from motcua.events.v1.event_pb2 import Event
from motcua.intake.v1.dossier_events_pb2 import (
    DeskCheckApproaching,
    DeskCheckMissed,
    DossierAccepted,
    DossierRefused,
    DossierSubmitted,
    DossierWithdrawn,
    ExternalCodeRecorded,
    ResultReturned,
    SupplementSubmitted,
    WithdrawalRequested,
)
from motcua.intake.v1.event_parts_pb2 import FeesDue
from motcua.intake.v1.fee_events_pb2 import FeeCancelled, FeeRecorded
from motcua.intake.v1.types_pb2 import FeeTiming
from motcua.notify.v1.message_events_pb2 import MessageFailed
from motcua.postal.v1.job_events_pb2 import (
    ItemDelivered,
    ItemReturned,
    PostalJobCreated,
    PostalJobRefused,
    PostalJobTaken,
    PostalLeaseExpired,
)
from motcua.routing.v1.case_events_pb2 import (
    CaseClosed,
    CaseOpened,
    CaseReopened,
    CaseResolved,
    CaseResumed,
    CaseSuspended,
    CaseWithdrawn,
    StepCompleted,
    StepSentBack,
    SupplementExpired,
    SupplementRequested,
    WithdrawalDeclined,
)
from motcua.routing.v1.collaboration_events_pb2 import ConsultationRequested, ParticipantChanged
from motcua.routing.v1.deadline_events_pb2 import DeadlineExtended
from motcua.routing.v1.event_parts_pb2 import CurrentStep
from motcua.routing.v1.types_pb2 import (
    SUSPENSION_KIND_FINANCIAL,
    SUSPENSION_KIND_STOPPED,
    CaseResult,
    Participation,
)
from sqlalchemy import Engine, select

from kernel.base.instants import HOUR, to_timestamp
from kernel.eventsourcing.unit_of_work import UnitOfWork
from kernel.storage.engines import open_engine
from services.intake.tables import (
    CODE_COUNTERS,
    DOSSIERS,
    EXTERNAL_CODES,
    FEES,
    MILESTONES,
    READERS,
    RECEIPTS,
)
from tests.support.events import make_event
from tests.support.intake_samples import MONDAY, OFFICER
from tests.support.models import INTAKE as MODEL

VIEWS = (DOSSIERS, MILESTONES, CODE_COUNTERS, FEES, RECEIPTS, EXTERNAL_CODES, READERS)


@contextmanager
def opened(url: str) -> Iterator[Engine]:
    """Open a database with the desk's tables."""
    engine = open_engine(url, "intake")
    MODEL.tables.metadata.create_all(engine)
    try:
        yield engine
    finally:
        engine.dispose()


def put(engine: Engine, events: Sequence[Event], size: int = 50) -> None:
    """Take events as if read from the log, ``size`` in a transaction."""
    for start in range(0, len(events), size):
        with engine.begin() as connection:
            unit = UnitOfWork(connection, MODEL, None, 0)
            unit.prefetch(DOSSIERS, [event.stream_id for event in events[start : start + size]])
            for event in events[start : start + size]:
                unit.ingest(event, event.SerializeToString())
            unit.flush()


def rows(engine: Engine) -> dict[str, list[tuple[object, ...]]]:
    """Read the desk's views, sorted."""
    with engine.connect() as connection:
        return {
            table.name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
            for table in VIEWS
        }


class Story:
    """Makes the events of one dossier; each source numbers its own."""

    def __init__(self, code: str, at: int = MONDAY) -> None:
        self.code = code
        self.at = at
        self.events: list[Event] = []
        self._last: dict[str, int] = {}

    def tell(self, source: str, payload: Message) -> Story:
        """Add an event of a source, an hour after the last one."""
        self._last[source] = self._last.get(source, 0) + 1
        self.at += HOUR
        event = make_event(
            self.code,
            source,
            self._last[source],
            payload,
            actor=OFFICER,
            occurred_at=self.at,
            recorded_at=self.at,
            causation_id="",
            correlation_id="",
        )
        self.events.append(event)
        return self


OPENED = CaseOpened(process="standard", due_at=to_timestamp(MONDAY + 40 * HOUR))
RESOLVED = CaseResolved(result=CaseResult.CASE_RESULT_GRANTED)
_TAKEN = PostalJobTaken(job_id="j", item_number="RN123456785VN", attempt=1)
WATCHES = Participation.PARTICIPATION_WATCHES
_LATER = [
    ("routing", OPENED),
    ("routing", SupplementRequested(round=1, parts=[Part(code="map", note="mờ")])),
    ("routing", SupplementRequested(round=2, reason="Sai")),
    ("routing", CaseResumed(due_at=to_timestamp(MONDAY + 60 * HOUR))),
    ("routing", RESOLVED),
    ("routing", CaseWithdrawn()),
    ("routing", WithdrawalDeclined(reason_code="resolved")),
    ("postal", PostalJobCreated(job_id="j")),
    ("postal", _TAKEN),
    ("postal", PostalJobRefused(job_id="j", next_partner_id="other")),
    ("postal", PostalJobRefused(job_id="j")),
    ("postal", PostalLeaseExpired(job_id="j", next_partner_id="other")),
    ("postal", ItemDelivered(job_id="j", item_number="RN123456785VN")),
    ("postal", ItemReturned(job_id="j")),
    ("notify", MessageFailed(message_id="m", reason_code="no_smtputf8")),
    ("notify", MessageFailed(message_id="n", reason_code="no_address", officer="an")),
    ("intake", DossierAccepted(due_at=to_timestamp(MONDAY + 30 * HOUR))),
    ("intake", DossierRefused(reason="Thiếu")),
    ("intake", DeskCheckApproaching(answer_due_at=to_timestamp(MONDAY + 8 * HOUR))),
    ("intake", DeskCheckMissed()),
    ("routing", CaseSuspended(kind=SUSPENSION_KIND_FINANCIAL)),
    ("routing", CaseSuspended(kind=SUSPENSION_KIND_STOPPED)),
    ("routing", DeadlineExtended(due_at=to_timestamp(MONDAY + 90 * HOUR))),
    ("routing", SupplementExpired(round=1)),
    ("routing", StepCompleted(next=CurrentStep(unit="H30.01"))),
    ("routing", StepSentBack(next=CurrentStep(unit="H22"))),
    ("routing", ConsultationRequested(number=1, unit="H22.02")),
    ("routing", ParticipantChanged(officer="an", participation=WATCHES)),
    ("routing", ParticipantChanged(officer="an")),
    ("routing", CaseClosed(round=1, reason="Không bổ sung")),
    ("routing", CaseReopened(round=1)),
    ("intake", SupplementSubmitted(round=1, parts=[Part(code="map", copies=1)])),
    ("intake", SupplementSubmitted(round=2)),
    ("intake", WithdrawalRequested()),
    ("intake", DossierWithdrawn()),
    ("intake", ResultReturned(item_number="RN123456785VN")),
    ("intake", FeeRecorded(phi=5_000, phi_receipt="P", method="cash", settled=True)),
    ("intake", FeeRecorded(le_phi=7_000, le_phi_receipt="L", method="transfer")),
    ("intake", FeeRecorded(exempt_group="ngheo", answer_due_at=to_timestamp(MONDAY))),
    ("intake", FeeCancelled(sequence=2, reason="Nhầm hồ sơ")),
    ("intake", FeeCancelled(sequence=3, reason="Nhầm số tiền")),
    ("intake", ExternalCodeRecorded(system="cong-dvc", code="X")),
]  # fmt: skip


def _of_its_own(payload: Message, number: int) -> Message:
    """Return a payload whose receipts and numbers no other dossier has."""
    made = type(payload)()
    made.CopyFrom(payload)
    names = {
        FeeRecorded: ("phi_receipt", "le_phi_receipt"),
        ExternalCodeRecorded: ("code",),
    }
    for name in names.get(type(made), ()):
        if getattr(made, name):
            setattr(made, name, f"{getattr(made, name)}{number}")
    return made


def submitted(chance: random.Random) -> DossierSubmitted:
    """Return a submission with what the lists filter by drawn at random."""
    return DossierSubmitted(
        procedure_code=chance.choice(["1.000001", "1.000002"]),
        unit=chance.choice(["H22.12", "H22.60.05"]),
        channel=chance.choice([Channel.CHANNEL_ONLINE, Channel.CHANNEL_COUNTER]),
        result_channel=ResultChannel.RESULT_CHANNEL_POST,
        time_zone="Asia/Ho_Chi_Minh",
        parts=[Part(code="form", copies=1)],
        answer_due_at=to_timestamp(MONDAY + 8 * HOUR) if chance.random() < 0.5 else None,
        answer_warn_at=to_timestamp(MONDAY + 4 * HOUR) if chance.random() < 0.5 else None,
        fees=FeesDue(timing=FeeTiming.FEE_TIMING_BEFORE, phi=5_000, le_phi=7_000),
    )


def stories(seed: int, count: int) -> list[Story]:
    """Make dossiers to which anything may have happened in any order after the submission."""
    chance = random.Random(seed)
    found = []
    for number in range(1, count + 1):
        code = f"H22.12-2108{chance.choice(['09', '10'])}-{number:04d}"
        story = Story(code, MONDAY + chance.randrange(5) * HOUR).tell("intake", submitted(chance))
        for source, payload in chance.sample(_LATER, chance.randrange(len(_LATER))):
            story.tell(source, _of_its_own(payload, number))
        found.append(story)
    return found
