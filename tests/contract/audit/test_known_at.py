"""What was known at an instant, beside what was so: by when events were recorded, and happened."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from motcua.audit.v1 import audit_pb2 as pb
from motcua.events.v1.event_pb2 import Event
from motcua.intake.v1.dossier_events_pb2 import DossierAccepted, DossierSubmitted
from motcua.postal.v1.job_events_pb2 import ItemTracked
from motcua.routing.v1.case_events_pb2 import CaseOpened, CaseResolved
from motcua.routing.v1.deadline_events_pb2 import DeadlineExtended, DeadlineRecalculated
from motcua.routing.v1.officer_events_pb2 import AbsenceDelegated, AbsenceEnded
from motcua.routing.v1.types_pb2 import DEADLINE_SCOPE_DOSSIER

from kernel.base.errors import NotFound
from kernel.base.instants import DAY, HOUR, MINUTE, to_timestamp, to_us
from office.streams import OFFICER
from tests.support.audit_calls import AuditCalls
from tests.support.audit_histories import HANOI, Numbering, at, stamp
from tests.support.audit_store import MONDAY, Log, Store, week

NOW: Final = at("2026-12-01 08:00")
CODE: Final = "H22.12.03-210809-0001"
Ask = Callable[[Iterable[Event]], AuditCalls]


@pytest.fixture
def audit(tmp_path: Path) -> Iterator[Ask]:
    """Make the queries of an audit service that has read some events."""
    made: list[tuple[Store, AuditCalls]] = []

    def of(events: Iterable[Event], now: int = NOW) -> AuditCalls:
        store = Store(f"sqlite:///{tmp_path / f'audit-{len(made)}.sqlite'}")
        store.take_all(Log(events).records())
        made.append((store, AuditCalls(store, now)))
        return made[-1][1]

    yield of
    for store, calls in made:
        calls.close()
        store.close()


def recorded(event: Event, when: int) -> Event:
    """Return an event that was written down at another time than it happened."""
    event.recorded_at.CopyFrom(to_timestamp(when))
    return event


def filed(numbering: Numbering, code: str = CODE, due: str = "2021-08-16 17:00") -> list[Event]:
    """Return the first events of a dossier of 9 August 2021."""
    when = at("2021-08-09 09:00")
    payloads = (
        DossierSubmitted(unit="H22.12", time_zone=HANOI),
        DossierAccepted(due_at=stamp(due)),
        CaseOpened(due_at=stamp(due)),
    )
    return [numbering.event(payload, when, code) for payload in payloads]


async def types(calls: AuditCalls, **times: Any) -> list[str]:
    """Return the types of the events in a dossier's timeline."""
    answer = await calls.ask(pb.GetTimelineRequest(dossier_code=CODE, **times))
    return [entry.type for entry in answer.entries]


async def test_a_scan_that_is_reported_late(audit: Ask) -> None:
    """Scanned at 15:08 and reported at 15:58: it was so at 15:30, and was not known then."""
    numbering = Numbering()
    scan = ItemTracked(code="EMH", happened_at=stamp("2021-08-09 15:08"))
    calls = audit([*filed(numbering), numbering.event(scan, at("2021-08-09 15:58"), CODE)])
    then, later = stamp("2021-08-09 15:30"), stamp("2021-08-09 16:00")
    assert "ItemTracked" in await types(calls, as_of=then)
    assert "ItemTracked" not in await types(calls, as_of=stamp("2021-08-09 15:00"))
    assert "ItemTracked" not in await types(calls, known_at=then)
    assert "ItemTracked" not in await types(calls, as_of=then, known_at=then)
    assert "ItemTracked" in await types(calls, as_of=then, known_at=later)
    (entry,) = (await calls.ask(pb.GetTimelineRequest(dossier_code=CODE))).entries[3:]
    assert (entry.happened_at, entry.recorded_at) == (scan.happened_at, stamp("2021-08-09 15:58"))


@pytest.mark.parametrize(
    ("times", "due", "status"),
    [
        ({}, "2021-08-20 17:00", pb.DEADLINE_STATUS_OVERDUE),
        ({"as_of": "2021-08-12"}, "2021-08-20 17:00", pb.DEADLINE_STATUS_DUE),
        ({"known_at": "2021-08-12"}, "2021-08-16 17:00", pb.DEADLINE_STATUS_DUE),
        ({"known_at": "2021-08-17"}, "2021-08-16 17:00", pb.DEADLINE_STATUS_OVERDUE),
        ({"as_of": "2021-08-12", "known_at": "2021-08-17"}, "2021-08-16 17:00",
         pb.DEADLINE_STATUS_DUE),
        ({"as_of": "2021-08-12", "known_at": "2021-08-18"}, "2021-08-20 17:00",
         pb.DEADLINE_STATUS_DUE),
        ({"as_of": "2021-08-09", "known_at": "2021-08-18"}, "2021-08-16 17:00",
         pb.DEADLINE_STATUS_DUE),
        ({"known_at": "2021-08-18"}, "2021-08-20 17:00", pb.DEADLINE_STATUS_DUE),
    ],
)  # fmt: skip
async def test_a_due_date_that_is_corrected_afterwards(
    audit: Ask, times: dict[str, str], due: str, status: Any
) -> None:
    """It held from the 10th on, and nobody knew of it before the 18th."""
    numbering = Numbering()
    moved = DeadlineExtended(previous_due_at=stamp("2021-08-16 17:00"),
                             due_at=stamp("2021-08-20 17:00"))  # fmt: skip
    event = numbering.event(moved, at("2021-08-10 08:00"), CODE)
    calls = audit([*filed(numbering), recorded(event, at("2021-08-18 10:00"))])
    asked = {name: stamp(f"{day} 23:00") for name, day in times.items()}
    expected = stamp(due)
    state = (await calls.ask(pb.GetStateRequest(dossier_code=CODE, **asked))).state
    explained = await calls.ask(pb.ExplainDeadlineRequest(dossier_code=CODE, **asked))
    (listed,) = (await calls.ask(pb.ListDeadlinesRequest(**asked))).deadlines
    assert state.due_at == explained.due_at == listed.due_at == expected
    assert listed.status == status
    if due == "2021-08-20 17:00":
        assert explained.lines[-1].recorded_at == stamp("2021-08-18 10:00")


async def test_a_change_of_the_calendar(audit: Ask) -> None:
    """Before it was recorded the date is the one that was promised, by the calendar of then."""
    numbering = Numbering()
    first = filed(numbering)
    payload = DossierAccepted(due_at=stamp("2021-08-16 17:00"), time_limit="5wd",
                              calendar_version="vn-1")  # fmt: skip
    first[1].payload.Pack(payload)
    moved = DeadlineRecalculated(
        scope=DEADLINE_SCOPE_DOSSIER,
        previous_due_at=payload.due_at,
        due_at=stamp("2021-08-17 17:00"),
        calendar_version="vn-2",
    )
    calls = audit([*first, numbering.event(moved, at("2021-08-11 08:00"), CODE)])
    for day, due, versions in (
        ("2021-08-10 23:00", "2021-08-16 17:00", ["vn-1"]),
        ("2021-08-11 23:00", "2021-08-17 17:00", ["vn-1", "vn-2"]),
    ):
        request = pb.ExplainDeadlineRequest(dossier_code=CODE, known_at=stamp(day))
        answer = await calls.ask(request)
        assert answer.due_at == stamp(due)
        assert [line.calendar_version for line in answer.lines if line.calendar_version] == versions


async def test_another_systems_history_that_is_imported_years_later(audit: Ask) -> None:
    """A report as of April 2021 counts what happened then, and nobody knew it here before 2026."""
    numbering, events = Numbering(), []
    imported = at("2026-11-20 10:00")
    for number, day in enumerate(("02", "05", "29"), start=1):
        code, when = f"cu-{number}", at(f"2021-04-{day} 09:00")
        for payload in (
            DossierSubmitted(unit="H22.12", time_zone=HANOI, imported_from="cu"),
            DossierAccepted(due_at=to_timestamp(when + 5 * DAY)),
        ):
            events.append(recorded(numbering.event(payload, when, code), imported + number))
        if number == 1:
            ended = numbering.event(CaseResolved(), when + DAY, code)
            events.append(recorded(ended, imported + number))
    calls = audit(events)
    april: dict[str, Any] = {"from_date": "2021-04-01", "to_date": "2021-04-30"}
    then = {"as_of": stamp("2021-04-10 12:00")}

    async def counted(**times: Any) -> tuple[int, int, int, int]:
        answer = await calls.ask(pb.GetReportRequest(by=pb.BREAKDOWN_UNIT, **april, **times))
        assert sum(row.received for row in answer.rows) == answer.total.received
        total = answer.total
        return total.received, total.early, total.pending_in_time, total.pending_overdue

    assert await counted() == (3, 1, 1, 1)
    assert await counted(**then) == (2, 1, 1, 0)
    assert await counted(known_at=stamp("2021-12-31 12:00")) == (0, 0, 0, 0)
    assert await counted(**then, known_at=stamp("2021-12-31 12:00")) == (0, 0, 0, 0)
    assert await counted(known_at=to_timestamp(imported + 2)) == (2, 1, 0, 1)
    assert await counted(**then, known_at=stamp("2026-11-21 12:00")) == (2, 1, 1, 0)
    request = pb.GetStateRequest(dossier_code="cu-1", known_at=stamp("2021-12-31 12:00"))
    with pytest.raises(NotFound, match="nothing of this dossier had been recorded"):
        await calls.ask(request)


async def test_what_lies_ahead_is_known_at_present(audit: Ask) -> None:
    """Known at this instant or a later one is all that is there, also of a clock that is ahead; the
    answer repeats what was asked for, and is seen from now.
    """
    numbering = Numbering()
    events = filed(numbering)
    recorded(events[-1], NOW + MINUTE)
    calls = audit(events)
    for known_at in (NOW, NOW + 400 * DAY):
        asked = {"known_at": to_timestamp(known_at)}
        assert await types(calls, **asked) == await types(calls)
        answer = await calls.ask(pb.GetStateRequest(dossier_code=CODE, **asked))
        assert to_us(answer.as_of) == NOW
        assert to_us(answer.known_at) == known_at
    assert len(await types(calls, known_at=to_timestamp(NOW - 1))) == 2


async def test_other_streams_too_have_a_time_at_which_they_were_known(audit: Ask) -> None:
    """An officer's absences: what was recorded by then, from the beginning."""
    numbering = Numbering()
    events = []
    for number, (payload, when) in enumerate(
        ((AbsenceDelegated(), "08:00"), (AbsenceEnded(), "10:00"), (AbsenceDelegated(), "09:00")),
        start=1,
    ):
        event = numbering.event(payload, at("2021-08-09 07:00"), "an")
        event.stream_kind, event.sequence = OFFICER, number
        events.append(recorded(event, at(f"2021-08-09 {when}")))
    calls = audit(events)
    for known_at, count in (("08:30", 1), ("09:30", 1), ("10:00", 3)):
        request = pb.GetTimelineRequest(
            dossier_code="an", stream_kind=OFFICER, known_at=stamp(f"2021-08-09 {known_at}")
        )
        assert len((await calls.ask(request)).entries) == count


# -- random histories -----------------------------------------------------------------------------


def recorded_as_they_came(pick: random.Random, events: Sequence[Event], skew: int) -> list[Event]:
    """Return events in the order in which they came to the log: some dossiers as a whole long after
    they happened, some events late, each service by a clock of its own that differs by up to
    ``skew`` and jumps back now and then.
    """
    clocks = {source: pick.randint(-skew, skew) for source in ("intake", "routing", "postal")}
    late = {code: pick.choice([0, 0, 0, 9 * DAY]) for code in sorted({e.stream_id for e in events})}
    reached: dict[str, int] = {}
    came = []
    for event in events:
        code = event.stream_id
        arrived = to_us(event.occurred_at) + late[code]
        arrived += pick.choice([0, 0, 0, MINUTE, 5 * HOUR, 2 * DAY])
        reached[code] = arrived = max(arrived, reached.get(code, arrived))
        came.append((arrived, event))
    came.sort(key=lambda pair: pair[0])
    for arrived, event in came:
        if skew and pick.random() < 0.02:
            clocks[event.source] = -pick.randint(0, 3 * HOUR)
        recorded(event, arrived + clocks[event.source])
    return [event for _, event in came]


def beginning(events: Iterable[Event], known_at: int) -> list[Event]:
    """Return of each stream what comes before its first event that was recorded later."""
    ended: set[str] = set()
    found = []
    for event in events:
        if to_us(event.recorded_at) > known_at:
            ended.add(event.stream_id)
        if event.stream_id not in ended:
            found.append(event)
    return found


@pytest.mark.parametrize("skew", [0, 10 * MINUTE])
@pytest.mark.parametrize("seed", range(3))
async def test_what_was_known_is_what_a_service_answers_that_has_read_no_more(
    database_url: str, tmp_path: Path, seed: int, skew: int
) -> None:
    """For random histories: the answers known at an instant are those, now or as of any instant, of
    a fresh service that has read what had been recorded by then.
    """
    pick = random.Random(seed)
    events = recorded_as_they_came(pick, week(pick, 30), skew)
    codes = sorted({event.stream_id for event in events})
    whole = Store(database_url)
    whole.take_all(Log(events).records(), 50)
    calls = AuditCalls(whole, NOW)
    for number, known_at in enumerate([MONDAY - DAY, *_instants(pick, events, 3)]):
        known = beginning(events, known_at)
        if not skew:
            assert known == [e for e in events if to_us(e.recorded_at) <= known_at]
        fresh = Store(f"sqlite:///{tmp_path / f'fresh-{number}.sqlite'}")
        fresh.take_all(Log(known).records())
        then = AuditCalls(fresh, known_at)
        for as_of in (None, pick.choice(_instants(pick, events, 1)), NOW):
            for request in _questions(pick, codes, as_of):
                asked = type(request)()
                asked.CopyFrom(request)
                asked.known_at.CopyFrom(to_timestamp(known_at))  # type: ignore[attr-defined]
                assert await _answer(calls, asked) == await _answer(then, request), request
        then.close()
        fresh.close()
    calls.close()
    whole.close()


def _instants(pick: random.Random, events: Sequence[Event], count: int) -> list[int]:
    return [to_us(event.recorded_at) + pick.choice([-1, 0, 0, HOUR])
            for event in pick.choices(events, k=count)]  # fmt: skip


def _questions(pick: random.Random, codes: Sequence[str], as_of: int | None) -> Iterator[Message]:
    given: Any = {} if as_of is None else {"as_of": to_timestamp(as_of)}
    for code in pick.sample(codes, 4):
        yield pb.GetTimelineRequest(dossier_code=code, **given)
        yield pb.GetStateRequest(dossier_code=code, **given)
        yield pb.ExplainDeadlineRequest(dossier_code=code, **given)
    for filters in ({}, {"overdue": True}, {"within": Duration(seconds=2 * 86_400)}):
        yield pb.ListDeadlinesRequest(**filters, **given)
    first, last = sorted(
        pick.choices(["2021-08-09", "2021-08-11", "2021-08-13", "2021-08-30"], k=2)
    )
    for by in (pb.BREAKDOWN_UNSPECIFIED, pb.BREAKDOWN_UNIT):
        yield pb.GetReportRequest(from_date=first, to_date=last, by=by, **given)


async def _answer(calls: AuditCalls, request: Message) -> object:
    """Return an answer without what it repeats of the question, and an entry's place in the log."""
    try:
        answer = await calls.ask(request)
    except NotFound:
        return None
    if "known_at" in answer.DESCRIPTOR.fields_by_name:
        answer.ClearField("known_at")
    for entry in getattr(answer, "entries", ()):
        entry.ClearField("offset")
        entry.ClearField("hash")
    return answer


async def test_a_listing_known_at_an_instant_goes_on_page_by_page(audit: Ask) -> None:
    """Each page is of what was known then, the first and the others."""
    numbering = Numbering()
    events = []
    for number in range(7):
        due = f"2021-08-1{number} 17:00"
        events += filed(numbering, f"H22.12.03-210809-000{number}", due)
        moved = DeadlineExtended(due_at=stamp("2021-09-30 17:00"))
        event = numbering.event(moved, at("2021-08-09 10:00"), events[-1].stream_id)
        events.append(recorded(event, at("2021-08-20 10:00")))
    calls = audit(events)
    request = pb.ListDeadlinesRequest(page_size=3, known_at=stamp("2021-08-10 08:00"))
    found = []
    while True:
        page = await calls.ask(request)
        assert page.as_of == request.known_at
        found += [deadline.due_at for deadline in page.deadlines]
        request.page_token = page.next_page_token
        if not request.page_token:
            break
    assert found == [stamp(f"2021-08-1{number} 17:00") for number in range(7)]
