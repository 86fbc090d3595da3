"""The desk's database without a server, and events of all services to put into it."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from google.protobuf.message import Message
from motcua.events.v1 import desk_events_pb2 as desk
from motcua.events.v1 import intake_events_pb2 as intake
from motcua.events.v1 import postal_events_pb2 as postal
from motcua.events.v1 import process_events_pb2 as process
from motcua.events.v1 import routing_events_pb2 as routing
from motcua.events.v1.common_pb2 import Channel, Part, ResultChannel
from motcua.events.v1.envelope_pb2 import DossierEvent
from sqlalchemy import Engine, select

from kernel.base.instants import HOUR, to_timestamp
from kernel.eventsourcing.envelope import make_event
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


def put(engine: Engine, events: Sequence[DossierEvent], size: int = 50) -> None:
    """Take events as if read from the log, ``size`` in a transaction."""
    for start in range(0, len(events), size):
        with engine.begin() as connection:
            unit = UnitOfWork(connection, MODEL, None, 0)
            unit.prefetch(DOSSIERS, [event.dossier_code for event in events[start : start + size]])
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
        self.events: list[DossierEvent] = []
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


OPENED = routing.CaseOpened(process="standard", due_at=to_timestamp(MONDAY + 40 * HOUR))
RESOLVED = routing.CaseResolved(result=routing.CaseResult.CASE_RESULT_GRANTED)
_TAKEN = postal.PostalJobTaken(job_id="j", item_number="RN123456785VN", attempt=1)
WATCHES = process.Participation.PARTICIPATION_WATCHES
_LATER = [
    ("routing", OPENED),
    ("routing", routing.SupplementRequested(round=1, parts=[Part(code="map", note="mờ")])),
    ("routing", routing.SupplementRequested(round=2, reason="Sai")),
    ("routing", routing.CaseResumed(due_at=to_timestamp(MONDAY + 60 * HOUR))),
    ("routing", RESOLVED),
    ("routing", routing.CaseWithdrawn()),
    ("routing", routing.WithdrawalDeclined(reason_code="resolved")),
    ("postal", postal.PostalJobCreated(job_id="j")),
    ("postal", _TAKEN),
    ("postal", postal.PostalJobRefused(job_id="j", next_partner_id="other")),
    ("postal", postal.PostalJobRefused(job_id="j")),
    ("postal", postal.PostalLeaseExpired(job_id="j", next_partner_id="other")),
    ("postal", postal.ItemDelivered(job_id="j", item_number="RN123456785VN")),
    ("postal", postal.ItemReturned(job_id="j")),
    ("intake", intake.DossierAccepted(due_at=to_timestamp(MONDAY + 30 * HOUR))),
    ("intake", intake.DossierRefused(reason="Thiếu")),
    ("intake", intake.DeskCheckApproaching(answer_due_at=to_timestamp(MONDAY + 8 * HOUR))),
    ("intake", intake.DeskCheckMissed()),
    ("routing", routing.CaseSuspended(kind=routing.SUSPENSION_KIND_FINANCIAL)),
    ("routing", routing.CaseSuspended(kind=routing.SUSPENSION_KIND_STOPPED)),
    ("routing", routing.DeadlineExtended(due_at=to_timestamp(MONDAY + 90 * HOUR))),
    ("routing", routing.SupplementExpired(round=1)),
    ("routing", routing.StepCompleted(next=routing.CurrentStep(unit="H30.01"))),
    ("routing", routing.StepSentBack(next=routing.CurrentStep(unit="H22"))),
    ("routing", process.ConsultationRequested(number=1, unit="H22.02")),
    ("routing", process.ParticipantChanged(officer="an", participation=WATCHES)),
    ("routing", process.ParticipantChanged(officer="an")),
    ("routing", routing.CaseClosed(round=1, reason="Không bổ sung")),
    ("intake", intake.SupplementSubmitted(round=1, parts=[Part(code="map", copies=1)])),
    ("intake", intake.SupplementSubmitted(round=2)),
    ("intake", intake.WithdrawalRequested()),
    ("intake", intake.DossierWithdrawn()),
    ("intake", intake.ResultReturned(item_number="RN123456785VN")),
    ("intake", desk.FeeRecorded(phi=5_000, phi_receipt="P", method="cash", settled=True)),
    ("intake", desk.FeeRecorded(le_phi=7_000, le_phi_receipt="L", method="transfer")),
    ("intake", desk.FeeRecorded(exempt_group="ngheo", answer_due_at=to_timestamp(MONDAY))),
    ("intake", desk.FeeCancelled(sequence=2, reason="Nhầm hồ sơ")),
    ("intake", desk.FeeCancelled(sequence=3, reason="Nhầm số tiền")),
    ("intake", desk.ExternalCodeRecorded(system="cong-dvc", code="X")),
]  # fmt: skip


def _of_its_own(payload: Message, number: int) -> Message:
    """Return a payload whose receipts and numbers no other dossier has."""
    made = type(payload)()
    made.CopyFrom(payload)
    names = {
        desk.FeeRecorded: ("phi_receipt", "le_phi_receipt"),
        desk.ExternalCodeRecorded: ("code",),
    }
    for name in names.get(type(made), ()):
        if getattr(made, name):
            setattr(made, name, f"{getattr(made, name)}{number}")
    return made


def submitted(chance: random.Random) -> intake.DossierSubmitted:
    """Return a submission with what the lists filter by drawn at random."""
    return intake.DossierSubmitted(
        procedure_code=chance.choice(["1.000001", "1.000002"]),
        unit=chance.choice(["H22.12", "H22.60.05"]),
        channel=chance.choice([Channel.CHANNEL_ONLINE, Channel.CHANNEL_COUNTER]),
        result_channel=ResultChannel.RESULT_CHANNEL_POST,
        time_zone="Asia/Ho_Chi_Minh",
        parts=[Part(code="form", copies=1)],
        answer_due_at=to_timestamp(MONDAY + 8 * HOUR) if chance.random() < 0.5 else None,
        answer_warn_at=to_timestamp(MONDAY + 4 * HOUR) if chance.random() < 0.5 else None,
        fees=desk.FeesDue(timing=desk.FeeTiming.FEE_TIMING_BEFORE, phi=5_000, le_phi=7_000),
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
