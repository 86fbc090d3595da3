"""What a verification finds in the numbers of streams, and who answers for it."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from motcua.audit.v1 import audit_pb2 as pb
from motcua.audit.v1 import types_pb2 as types
from motcua.events.v1.common_pb2 import Actor, ActorKind
from motcua.events.v1.event_pb2 import Event
from motcua.intake.v1.dossier_events_pb2 import SupplementSubmitted

from kernel.base.errors import NotFound, Refused
from kernel.eventsourcing.command_context import Call
from kernel.eventsourcing.record import Record
from services.audit.record import acknowledgements
from services.audit.record.findings import LISTED
from services.audit.tables import ACKNOWLEDGEMENTS, KERNEL, LOG
from tests.support.audit_histories import CODE, happened
from tests.support.audit_store import MONDAY, Log, Store
from tests.support.databases import NewDatabase
from tests.support.tally import DISCARD

GAP, LATE = types.FINDING_KIND_GAP, types.FINDING_KIND_LATE
CONFLICTING = types.FINDING_KIND_CONFLICTING
ONE, OTHER = "binh.tt", "hoa.pt"


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    made = Store(database_url)
    yield made
    made.close()


def _event(sequence: int, number: int = 1, source: str = "archive", code: str = CODE) -> Event:
    payload = SupplementSubmitted(round=number)
    return happened(payload, MONDAY + min(sequence, 9), code=code, source=source, sequence=sequence)


def _given(store: Store, log: Log, *events: Event) -> list[Record]:
    records = [log.send(event) for event in events]
    for record in records:
        store.take([record])
    return records


def _told(result: pb.VerifyResult) -> list[tuple[int, int, int, int, bool]]:
    """Return of each finding its kind, its offset, the numbers it is about, and whether open."""
    return [(f.kind, f.offset, f.sequence, f.last_sequence, f.open) for f in result.findings]


@pytest.mark.parametrize("beside_log", [True, False])
def test_an_event_that_is_missing_before_a_quarantined_one_is_a_gap(
    store: Store, beside_log: bool
) -> None:
    """Number 2 is not on the log, 3 is and waits for it: nothing is proven, and it is said which
    number of which stream is missing, before what, and since when.
    """
    log = Log()
    records = _given(store, log, _event(1), _event(3))
    result = store.verify(log if beside_log else None)

    assert (result.ok, result.gaps, result.quarantined, result.open) == (False, 1, 1, 1)
    (found,) = result.findings
    assert (found.kind, found.partition, found.offset) == (GAP, records[1].partition, 1)
    assert (found.stream_kind, found.stream_id, found.source) == ("dossier", CODE, "archive")
    assert (found.sequence, found.last_sequence) == (2, 2)
    assert found.since.ToMicroseconds() == MONDAY + 3
    assert result.events == 1


def test_an_event_that_comes_late_is_told_and_is_no_fault(store: Store) -> None:
    """Once the missing one is there nothing is missing: it came after a later one, no more."""
    log = Log()
    _given(store, log, _event(1), _event(3), _event(2), _event(4))
    result = store.verify(log)

    assert (result.ok, result.gaps, result.late, result.quarantined) == (True, 0, 1, 0)
    assert _told(result) == [(LATE, 2, 2, 3, False)]
    assert result.events == 4


def test_streams_that_wait_behind_a_gap_have_one_gap(store: Store) -> None:
    """What waits behind it is there; of other sources and streams nothing is said."""
    log = Log()
    _given(store, log, _event(1), _event(4), _event(5), _event(1, source="intake"))
    _given(store, log, _event(1, code="H22.12.03-210809-0008"))
    result = store.verify(log)

    assert (result.gaps, result.quarantined) == (2, 3)
    assert _told(result) == [(GAP, 1, 2, 3, True)]


def test_a_forged_number_far_ahead_is_one_finding(store: Store) -> None:
    """Nothing is counted one by one."""
    log = Log()
    _given(store, log, _event(1), _event(2**62))
    result = store.verify(log)

    assert result.gaps == 2**62 - 2
    assert _told(result) == [(GAP, 1, 2, 2**62 - 1, True)]


@pytest.mark.parametrize("beside_log", [True, False])
def test_another_event_with_the_number_of_a_stored_one_is_found(
    store: Store, beside_log: bool
) -> None:
    """A forged repeat is a finding, also after an operator has given it up; the true one stands."""
    log = Log()
    _given(store, log, _event(1), _event(2), _event(1, number=7))
    for _ in range(2):
        result = store.verify(log if beside_log else None)
        assert (result.ok, result.conflicts, result.gaps) == (False, 1, 0)
        assert (result.duplicates, result.broken_hashes) == (0, 0)
        assert _told(result) == [(CONFLICTING, 2, 1, 0, True)]
        table = KERNEL.quarantine
        store.execute(table.update().values(reason="discarded"))


def test_a_repeat_of_what_was_given_up_is_a_repeat(store: Store) -> None:
    """A relay that sends again what an operator gave up makes no new finding."""
    log = Log()
    given_up = _event(3)
    _given(store, log, _event(1), given_up)
    store.redrive(CODE, discard=DISCARD)
    _given(store, log, given_up)
    result = store.verify(log)

    assert (result.repeats, result.quarantined) == (1, 1)
    assert [f.kind for f in result.findings] == [GAP]


def test_what_was_not_read_yet_is_counted(store: Store) -> None:
    """Of records that the service has not read nothing is proven, and that is said."""
    log = Log()
    _given(store, log, _event(1))
    log.send(_event(2))

    assert store.verify(log).unread == 1
    assert store.verify(None).unread == 0


# -- persons who answer ---------------------------------------------------------------------------


def _call(person: str, number: int = 1) -> Call:
    return Call(
        actor=Actor(kind=ActorKind.ACTOR_KIND_OPERATOR, id=person),
        language="vi",
        request_id=f"0190a000-0000-4000-8000-{number:012d}",
        now=MONDAY + number,
        occurred_at=MONDAY + number,
        trace="",
        correlation_id="c",
    )


def _answers(store: Store, finding: pb.Finding | None, person: str, number: int = 1) -> Any:
    """Have a person answer for a finding; return the events."""
    request = pb.AcknowledgeFindingRequest(reason=f"{person} has looked")
    if finding is not None:
        request.finding_id = finding.finding_id
    return store.act(acknowledgements.acknowledge, finding, request, _call(person, number))


def _broken(store: Store) -> tuple[Log, pb.Finding]:
    log = Log()
    _given(store, log, _event(1), _event(1, number=7))
    (found,) = store.verify(log).findings
    return log, found


def test_two_persons_close_a_finding_and_it_stays_listed(store: Store) -> None:
    """One is not enough; afterwards the record is proven, and who answers is shown with why."""
    log, found = _broken(store)
    _answers(store, found, ONE)
    once = store.verify(log)
    assert (once.ok, once.open, once.acknowledged) == (False, 1, 0)
    assert [a.actor.id for a in once.findings[0].acknowledgements] == [ONE]

    _answers(store, found, OTHER, 2)
    twice = store.verify(log)
    assert (twice.ok, twice.open, twice.acknowledged) == (True, 0, 1)
    (listed,) = twice.findings
    assert (listed.finding_id, listed.open) == (found.finding_id, False)
    assert [(a.actor.id, a.reason) for a in listed.acknowledgements] == [
        (ONE, f"{ONE} has looked"),
        (OTHER, f"{OTHER} has looked"),
    ]


def test_one_person_can_t_close_it(store: Store) -> None:
    """Neither by saying it twice, nor is there a third to say it; each is told why."""
    _log, found = _broken(store)
    _answers(store, found, ONE)
    with pytest.raises(Refused) as refused:
        _answers(store, found, ONE, 2)
    assert refused.value.code == "SECOND_PERSON_NEEDED"
    _answers(store, found, OTHER, 3)
    with pytest.raises(Refused) as refused:
        _answers(store, found, "cuong.lv", 4)
    assert refused.value.code == "FINDING_CLOSED"


def test_only_a_fault_that_was_found_is_acknowledged(store: Store) -> None:
    """Nobody answers in advance for what will be found, nor for what is no fault."""
    with pytest.raises(NotFound):
        _answers(store, None, ONE)
    with pytest.raises(Refused) as refused:
        _answers(store, pb.Finding(finding_id="x", kind=LATE), ONE)
    assert refused.value.code == "FINDING_NO_FAULT"


def test_a_finding_that_changes_is_another_one(store: Store, new_database: NewDatabase) -> None:
    """Who answered for a forged event has not answered for another one at the same place."""
    _log, found = _broken(store)
    other, log = Store(new_database("other")), Log()
    _given(other, log, _event(1), _event(1, number=8))
    (second,) = other.verify(log).findings
    assert (second.partition, second.offset) == (found.partition, found.offset)
    assert second.finding_id != found.finding_id
    other.close()


def test_a_gap_is_the_same_wherever_what_follows_stands(
    store: Store, new_database: NewDatabase
) -> None:
    """Also after the log was filled again in another order."""
    other, logs = Store(new_database("other")), (Log(), Log())
    _given(store, logs[0], _event(1), _event(3))
    _given(other, logs[1], _event(1, source="intake"), _event(1), _event(3))
    one, another = store.verify(logs[0]), other.verify(logs[1])
    assert one.findings[0].finding_id == another.findings[0].finding_id
    other.close()


def test_acknowledgements_survive_a_rebuild(store: Store, new_database: NewDatabase) -> None:
    """They are events: kept in the record where they are met on the log, once, and chained."""
    log, found = _broken(store)
    events: list[Event] = []
    for number, person in enumerate((ONE, OTHER), 1):
        events += _answers(store, found, person, number)
    _given(store, log, *events)
    _given(store, log, events[0])  # the relay was killed, and sends it again
    assert [r["type"] for r in store.rows(LOG)].count("motcua.audit.v1.FindingAcknowledged") == 2
    assert store.verify(log).ok

    again = Store(new_database("again"))
    again.take_all(log.records())
    assert again.views() == store.views()
    assert again.rows(ACKNOWLEDGEMENTS) == store.rows(ACKNOWLEDGEMENTS)
    assert again.rows(KERNEL.events) == store.rows(KERNEL.events)
    assert again.verify(log).acknowledged == 1
    again.close()


def test_acknowledged_findings_leave_room_for_open_ones(store: Store) -> None:
    """All that were acknowledged are listed, and the first open ones beside them."""
    log = Log()
    _given(store, log, *(_event(n) for n in range(1, LISTED + 6)))
    _given(store, log, *(_event(n, number=7) for n in range(1, LISTED + 6)))
    first = store.verify(log)
    assert (first.open, len(first.findings)) == (LISTED + 5, LISTED)
    _close(store, first.findings[:10])
    result = store.verify(log)
    assert (result.open, result.acknowledged) == (LISTED - 5, 10)
    assert len(result.findings) == LISTED + 5


def _close(store: Store, findings: Sequence[pb.Finding]) -> None:
    for number, found in enumerate(findings):
        _answers(store, found, ONE, 2 * number)
        _answers(store, found, OTHER, 2 * number + 1)
