"""Jobs in every state, made of events as they would be folded."""

from collections.abc import Sequence
from typing import Any

from google.protobuf.message import Message
from motcua.events.v1.common_pb2 import Actor, SealedData

from kernel.base.instants import HOUR
from services.postal.domain import decider
from services.postal.domain.decider import OfferContext
from services.postal.domain.evolve import evolve
from services.postal.domain.reports import PartnerReport, receive_report
from services.postal.domain.state import INITIAL, Job, State
from tests.support.deciding import Deciding
from tests.support.events import make_event

JOB = "0d4b3a52-7c1e-5b0e-9a43-0d6a2f6f7a11"
UNIT = "H22.12.03"
T0 = 1_628_470_800_000_000
LEASE = 24 * HOUR
ITEM = "RR123456785VN"
OFFERS = OfferContext(("a", "b"), {"a": 11, "b": 21, "c": 31})
SEALED = SealedData(key_id="k", nonce=b"n" * 12, ciphertext=b"x")


def fold(payloads: Sequence[Message], state: State = INITIAL) -> State:
    """Fold payloads as events of one dossier."""
    for payload in payloads:
        event = make_event(
            "H22.12.03-210809-0007",
            "postal",
            1,
            payload,
            actor=Actor(),
            occurred_at=T0,
            recorded_at=T0,
            causation_id="",
            correlation_id="",
        )
        state = evolve(state, event)
    return state


def job(*payloads: Message, offers: OfferContext = OFFERS) -> Job:
    """Return the job after its creation and these events."""
    return fold([*decider.create(JOB, UNIT, SEALED, offers), *payloads])[JOB]


def then(before: Job, outcome: object) -> Job:
    """Return the job after a decision, which must have been a yes."""
    assert isinstance(outcome, list), outcome
    return fold(outcome, {JOB: before})[JOB]


def taken(before: Job | None = None, *, number: str = ITEM) -> Job:
    """Return the job after its partner took it."""
    before = before or job()
    return then(before, decider.take(before, number, 0, T0 + LEASE))


def tracked(code: str, hours: float = 1, **changes: object) -> PartnerReport:
    """Return a tracking report of partner a under attempt 1."""
    at = T0 + int(hours * HOUR)
    fields = {"report_id": f"{code}-{hours}", "reason_code": "absent" if code == "EMH" else ""}
    return PartnerReport("tracked", "a", 1, happened_at=at, code=code, **{**fields, **changes})  # type: ignore[arg-type]


def delivered(hours: float = 9, **changes: object) -> PartnerReport:
    """Return a report of the delivery."""
    at = T0 + int(hours * HOUR)
    fields = {"report_id": "pod", "proof_sha256": "0" * 64}
    return PartnerReport("delivered", "a", 1, happened_at=at, **{**fields, **changes})  # type: ignore[arg-type]


def returned(hours: float = 9, **changes: object) -> PartnerReport:
    """Return a report of the return."""
    at = T0 + int(hours * HOUR)
    fields = {"report_id": "rts", "reason_code": "unclaimed"}
    return PartnerReport("returned", "a", 1, happened_at=at, **{**fields, **changes})  # type: ignore[arg-type]


def reported(before: Job, *reports: PartnerReport) -> tuple[Job, list[Any]]:
    """Return the job after reports that must all be kept, and the events they led to."""
    events: list[Message] = []
    for report in reports:
        outcome = receive_report(before, report)
        assert hasattr(outcome, "events"), outcome
        before = then(before, outcome.events)
        events += outcome.events
    return before, events


POSTAL: Deciding[Job] = Deciding(
    job(), lambda before, event: evolve({JOB: before}, event)[JOB], "postal"
)
"""Decisions about one job, which begins as an offer to the first partner."""
