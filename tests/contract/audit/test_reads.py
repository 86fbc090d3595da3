"""What is read from a store, against folding the whole log in memory."""

import asyncio
import random
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from motcua.audit.v1 import audit_pb2 as pb
from motcua.events.v1.event_pb2 import Event
from motcua.intake.v1.dossier_events_pb2 import DossierSubmitted
from motcua.routing.v1.officer_events_pb2 import AbsenceDelegated, AbsenceEnded
from sqlalchemy import Row, select

from kernel.base.instants import DAY, HOUR, to_us
from office.streams import OFFICER
from services.audit import responses
from services.audit.deadlines import listing
from services.audit.deadlines.listing import DeadlineFilter
from services.audit.record.replay import ChainHeads, ReplayRange, replay_events
from services.audit.reports import queries
from services.audit.reports.indicators import Counts, Indicators, reported_dossier
from services.audit.reports.queries import ReportRequest
from services.audit.state.as_of import dossier_row
from services.audit.state.local_days import day
from services.audit.state.organisation import UnitFilter
from services.audit.tables import DOSSIERS, LOG
from tests.support.audit_store import (
    MONDAY,
    UNITS,
    Log,
    Store,
    dossier_rows,
    known_at_the_end,
    week,
)
from tests.support.events import name_of, payload_of, with_payload
from tests.support.reports import by_column

NOW = MONDAY + 6 * DAY
INSTANTS = [None, MONDAY - DAY, MONDAY + DAY, MONDAY + 2 * DAY + HOUR, MONDAY + 4 * DAY, NOW]


@pytest.fixture
def events() -> list[Event]:
    return week(random.Random(11), 80)


@pytest.fixture
def store(database_url: str, events: list[Event]) -> Iterator[Store]:
    made = Store(database_url)
    made.take_all(Log(events).records(), 100)
    yield made
    made.close()


def of(unit: str) -> UnitFilter:
    """Return the filter of one unit; of all for none."""
    return UnitFilter(frozenset(filter(None, [unit])))


def _known(events: list[Event], instant: int | None) -> dict[str, dict[str, Any]]:
    return dossier_rows(e for e in events if instant is None or to_us(e.occurred_at) <= instant)


def test_the_state_as_of_an_instant_is_the_fold_up_to_it(store: Store, events: list[Event]) -> None:
    """For every dossier, what is read equals folding its events up to the instant."""
    for instant in INSTANTS:
        expected = _known(events, instant)
        for code in {e.stream_id for e in events}:
            assert store.ask(dossier_row, code, instant) == expected.get(code)


def test_the_report_from_the_store_is_the_report_of_the_fold(
    store: Store, events: list[Event]
) -> None:
    """With and without an instant, by any column, the store tells the same lines as the log."""
    periods = (20210809, 20210811), (20210811, 20210812), (20210701, 20210831)
    keys = "", "unit", "field", "channel", "level", "procedure"
    for instant, by, (first, last) in product(INSTANTS, keys, periods):
        asked = ReportRequest(first, last, by_column(by), instant)
        report = store.ask(queries.report, asked, NOW)
        expected = Indicators(first, last)
        for row in known_at_the_end(events, last, instant).values():
            dossier = reported_dossier(row)
            if dossier is not None:
                today = day(NOW if instant is None else instant, row["time_zone"])
                key = (row[by] or "unknown") if by else ""
                expected.add([(key, "")], dossier, today)

        assert report.total == expected.total
        assert report.rows() == expected.rows()


def test_an_officer_s_record_is_kept_and_is_no_dossier(
    database_url: str, events: list[Event]
) -> None:
    """An absence and its end stand in the log and have their lines; no report counts them."""
    payload = AbsenceDelegated(officer="an", substitute="binh", unit="H22.12")
    payload.begins_at.FromMicroseconds(MONDAY)
    payload.ends_at.FromMicroseconds(MONDAY + DAY)
    absence = Event(
        event_id="017b2953-0f80-7000-8000-000000000001",
        stream_kind=OFFICER,
        stream_id="an",
        source="routing",
        sequence=1,
    )
    absence.payload.Pack(payload)
    absence.occurred_at.FromMicroseconds(MONDAY)
    absence.recorded_at.FromMicroseconds(MONDAY)
    back = Event()
    back.CopyFrom(absence)
    back.event_id, back.sequence = "017b2953-0f80-7000-8000-000000000002", 2
    back.payload.Pack(AbsenceEnded(officer="an"))
    made = Store(database_url)
    made.take_all(Log([absence, back, *events]).records(), 100)
    assert {row["dossier_code"] for row in made.rows(DOSSIERS)} == {e.stream_id for e in events}
    rows = made.ask(queries.timeline, "an", None, OFFICER)
    entry, ended = (responses.entry(row, "Asia/Ho_Chi_Minh") for row in rows)
    assert (entry.type, "binh stands in for an" in entry.summary.en) == (
        "AbsenceDelegated",
        True,
    )
    assert (ended.type, ended.summary.en) == (
        "AbsenceEnded",
        "an is back, nobody stands in any more",
    )
    made.close()


def test_what_dossiers_do_not_say_has_a_line_of_its_own(database_url: str) -> None:
    """Broken down by what nobody said, the line is called unknown, now and as of an instant."""
    unsaid = week(random.Random(14), 20)
    for place, event in enumerate(unsaid):
        if name_of(event) == "DossierSubmitted":
            filed = payload_of(event, DossierSubmitted)
            filed.ClearField("level")
            unsaid[place] = with_payload(event, filed)
    store = Store(database_url)
    store.take_all(Log(unsaid).records())
    for instant in (None, MONDAY + 2 * DAY):
        asked = ReportRequest(20210801, 20210831, by_column("level"), instant)
        report = store.ask(queries.report, asked, NOW)
        assert report.total.received > 0
        assert report.rows() == [(("unknown", ""), report.total)]
    store.close()


def test_a_unit_is_known_by_the_dossiers_it_has(store: Store) -> None:
    """The unit that answers and the unit of the current step count, no other text."""
    assert store.ask(listing.knows_unit, of(UNITS[0]))
    assert not store.ask(listing.knows_unit, of(UNITS[0].lower()))
    assert not store.ask(listing.knows_unit, of("NOPE"))


def test_a_report_of_a_past_instant_does_not_change_later(
    store: Store, events: list[Event]
) -> None:
    """What happens afterwards, or is written down afterwards about a later time, alters nothing."""
    asked = ReportRequest(20210809, 20210811, by_column("unit"), MONDAY + 3 * DAY)
    before = store.ask(queries.report, asked, NOW)
    log = Log(events)
    later = week(random.Random(12), 30)
    for event in later:
        event.stream_id = event.stream_id.replace("210809", "210816")
        event.occurred_at.seconds += 7 * 86_400
        log.send(event)
    store.take_all([r for p in log.partitions for r in p if r.offset >= _end(store, r.partition)])

    after = store.ask(queries.report, asked, NOW + 9 * DAY)
    assert (after.total, after.rows()) == (before.total, before.rows())
    assert before.total != Counts()


def _end(store: Store, partition: int) -> int:
    return next(
        int(h["offset"]) + 1 for h in store.ask(queries.chain_heads) if h["partition"] == partition
    )


WITHIN = [None, 0, 12 * HOUR, 3 * DAY]


def test_deadlines_page_by_page_are_those_of_the_fold(store: Store, events: list[Event]) -> None:
    """Small pages put together list exactly the due dates asked for, by due date and code."""
    filters = product(INSTANTS, WITHIN, (False, True), ("", UNITS[0], "X"))
    for instant, within, overdue, unit in filters:
        at = NOW if instant is None else instant
        wanted = DeadlineFilter(at, instant is not None, within, overdue, of(unit))
        expected = [
            row
            for row in _known(events, instant).values()
            if _asked_for(row, at, within, overdue, unit)
        ]
        expected.sort(key=lambda row: (_due(row), row["dossier_code"]))

        assert _all_pages(store, wanted) == expected


def _all_pages(store: Store, wanted: DeadlineFilter) -> list[dict[str, Any]]:
    listed = []
    while True:
        page = store.ask(listing.deadlines, wanted, 7)
        listed += page
        if len(page) < 7:
            return listed
        as_of, after = listing.read_token(listing.next_page_token(wanted, page[-1]))
        assert as_of == wanted.as_of
        wanted = replace(wanted, after=after)


def _due(row: dict[str, Any]) -> Any:
    return row["due_at"] if row["accepted_at"] else row["submitted_at"] + 9 * HOUR


def test_each_due_date_says_what_it_is_of_and_who_is_late(store: Store) -> None:
    """Of a dossier at the desk it is the check, and its unit is late; later who has the step."""
    wanted = DeadlineFilter(NOW, past=False)
    found = store.ask(listing.deadlines, wanted, 1000)
    deadlines = {row["dossier_code"]: responses.deadline(row, NOW, str) for row in found}
    kinds = set()
    for row in found:
        shown = deadlines[row["dossier_code"]]
        at_desk, stopped = row["accepted_at"] is None, row["suspended_at"] is not None
        kinds.add((shown.kind, stopped))
        assert shown.kind == (pb.DEADLINE_KIND_DESK_CHECK if at_desk else pb.DEADLINE_KIND_PROMISE)
        assert shown.HasField("first_due_at") != at_desk
        late = "" if stopped or _due(row) >= NOW else row["step_unit"] or row["unit"]
        assert shown.late_unit == late
        assert not at_desk or late in UNITS
    assert len(kinds) == 3


def _asked_for(row: dict[str, Any], at: int, within: int | None, overdue: bool, unit: str) -> bool:
    ends = ("refused_at", "resolved_at", "withdrawn_at", "returned_at")
    if any(row[end] for end in ends) or _due(row) is None:
        return False
    if unit not in ("", row["unit"], row["step_unit"]):
        return False
    if within is None and not overdue:
        return True
    left = _due(row) - at
    runs = row["suspended_at"] is None
    return (overdue and runs and left < 0) or (within is not None and 0 <= left <= within)


@pytest.mark.parametrize(
    "token",
    [
        *("", "e30=", "WzEsMl0=", "WzEsICIyIiwgM10=", "\u00e9", "%%"),
        b64encode(b"18446744073709551616|1|x").decode(),
        b64encode(b"1|18446744073709551616|x").decode(),
        b64encode(b"1|1|a\0b").decode(),
        b64encode(b"1|x|1").decode(),
        b64encode(b"1|1").decode(),
    ],
)
def test_other_texts_are_no_page_tokens(token: str) -> None:
    """A token that this listing did not give raises ValueError and nothing else."""
    with pytest.raises(ValueError):  # noqa: PT011
        listing.read_token(token)


async def _played(
    store: Store, section: ReplayRange, *, follow: bool = False, until: int | None = None
) -> list[Row[Any]]:
    async def run(read: Callable[..., Any]) -> dict[int, int] | list[Row[Any]]:
        return await asyncio.to_thread(store.ask, read)

    found = []
    async for row in replay_events(run, section, follow=follow):
        found.append(row)
        if until is not None and len(found) == until:
            break
    return found


async def test_the_log_is_played_in_its_order_and_in_the_order_of_time(
    store: Store, events: list[Event]
) -> None:
    """Within a partition by offset; between partitions by time; every event once, byte for byte."""
    rows = await _played(store, ReplayRange())

    assert sorted((r.partition, r.offset) for r in rows) == [
        (r["partition"], r["offset"]) for r in store.rows(LOG)
    ]
    for partition in {r.partition for r in rows}:
        offsets = [r.offset for r in rows if r.partition == partition]
        assert offsets == sorted(offsets)
    assert [r.occurred_at for r in rows] == [to_us(e.occurred_at) for e in events]
    assert {r.body for r in rows} == {e.SerializeToString() for e in events}


async def test_a_part_of_the_log_is_played(store: Store, events: list[Event]) -> None:
    """Instants cut the log as [from, to); a code keeps to one dossier; places go on from there."""
    first, end = MONDAY + DAY, MONDAY + 2 * DAY
    cut = await _played(store, ReplayRange(first=first, end=end))
    code = events[0].stream_id
    one = await _played(store, ReplayRange(dossier_code=code))
    everything = await _played(store, ReplayRange())
    read = everything[:40]
    rest = await _played(store, ReplayRange(after={r.partition: r.offset for r in read}))

    expected = [e.event_id for e in events if first <= to_us(e.occurred_at) < end]
    assert sorted(_ids(cut)) == sorted(expected)
    assert sorted(_ids(one)) == sorted(e.event_id for e in events if e.stream_id == code)
    assert _ids(read) + _ids(rest) == _ids(everything)


async def test_following_gives_new_events_as_they_come(store: Store, events: list[Event]) -> None:
    """A playback that follows goes on with what is accepted while it waits."""
    log = Log(events)
    extra = week(random.Random(13), 2)
    for event in extra:
        event.stream_id += "-later"
    new = [log.send(event) for event in extra]
    total = len(events) + len(extra)
    playing = asyncio.create_task(_played(store, ReplayRange(), follow=True, until=total))
    store.take(sorted(new))
    rows = await asyncio.wait_for(playing, 20)

    assert sorted(_ids(rows)[-len(extra) :]) == sorted(e.event_id for e in extra)


async def test_many_followers_read_the_heads_together(store: Store) -> None:
    """However many wait for new events, the store is asked at most twice a beat."""
    reads = []

    async def run(read: Callable[..., Any]) -> dict[int, int]:
        reads.append(read)
        return await asyncio.to_thread(store.ask, read)

    shared = ChainHeads(run)
    first = await asyncio.gather(*(shared.now() for _ in range(200)))
    assert len(reads) == 1
    assert all(heads == first[0] for heads in first)
    assert first[0] == {h["partition"]: h["offset"] for h in store.ask(queries.chain_heads)}


def _ids(rows: list[Row[Any]]) -> list[str]:
    return [Event.FromString(row.body).event_id for row in rows]


def test_the_timeline_has_the_events_in_the_order_of_the_log(
    store: Store, events: list[Event]
) -> None:
    """A dossier's rows are its events, all or up to an instant, in the order of the log."""
    code, instant = events[0].stream_id, MONDAY + 2 * DAY
    own = [e for e in events if e.stream_id == code]

    assert [r["event_id"] for r in store.ask(queries.timeline, code, None)] == [
        e.event_id for e in own
    ]
    assert [r["event_id"] for r in store.ask(queries.timeline, code, instant)] == [
        e.event_id for e in own if to_us(e.occurred_at) <= instant
    ]


def test_listing_deadlines_uses_the_index(tmp_path: Path) -> None:
    """The listing of the present is read from the index of due dates, not from the whole table."""
    store = Store(f"sqlite:///{tmp_path / 'empty.sqlite3'}")
    wanted = DeadlineFilter(NOW, past=False, overdue=True)
    statement = (
        select(DOSSIERS)
        .where(wanted.condition())
        .order_by(DOSSIERS.c.pending_due_at, DOSSIERS.c.dossier_code)
        .compile(store.reads, compile_kwargs={"literal_binds": True})
    )
    plan = store.ask(lambda c: c.exec_driver_sql(f"explain query plan {statement}").all())
    store.close()

    assert "USING INDEX dossiers_pending_due" in str(plan)
    assert "TEMP B-TREE" not in str(plan)
