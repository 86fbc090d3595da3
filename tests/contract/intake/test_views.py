"""The desk's views on both databases: functions of the events, whatever order they come in."""

from __future__ import annotations

import random
from typing import Any

from motcua.events.v1.event_pb2 import Event
from motcua.intake.v1.dossier_events_pb2 import DossierSubmitted
from motcua.intake.v1.intake_pb2 import DossierState, ListDossiersRequest
from motcua.notify.v1.message_events_pb2 import MessageFailed
from sqlalchemy import Engine, select

from kernel.base.instants import HOUR, to_timestamp, to_us
from services.intake.queries.dossier import dossier_row, history_events, state_of
from services.intake.queries.dossier_list import page
from services.intake.tables import DOSSIERS
from tests.support.databases import NewDatabase
from tests.support.events import payload_of
from tests.support.intake_samples import MONDAY, ONLINE
from tests.support.intake_store import Story, opened, put, rows, stories

STATES: list[Any] = DossierState.values()[1:]


def own_first(stories: list[Story]) -> list[Event]:
    """Order events as the desk lives them: its own as soon as they are written."""
    events = [event for story in stories for event in story.events]
    return sorted(events, key=lambda event: event.source != "intake")


def as_a_log(stories: list[Story], seed: int = 1) -> list[Event]:
    """Order events as on the log: each dossier's in order, dossiers mixed."""
    chance = random.Random(seed)
    streams = {story.code: list(story.events) for story in stories}
    found = []
    while streams:
        code = chance.choice(sorted(streams))
        found.append(streams[code].pop(0))
        if not streams[code]:
            del streams[code]
    return found


def test_own_and_others_events_commute(new_database: NewDatabase) -> None:
    """Views that saw the desk's own events early equal those made again from the log."""
    many_stories = stories(seed=7, count=60)
    with opened(new_database("live")) as live, opened(new_database("again")) as again:
        put(live, own_first(many_stories), size=1000)
        put(again, as_a_log(many_stories), size=7)
        assert rows(live) == rows(again)
        assert len(rows(live)["dossiers"]) == 60
        assert rows(live)["milestones"]


def test_a_mail_that_failed_is_kept_when_it_was_to_the_citizen(database_url: str) -> None:
    """In the history the desk and the citizen read why; an officer's mail is none of theirs."""
    story = Story("H22.12-210809-0001", MONDAY)
    story.tell("notify", MessageFailed(message_id="m", reason_code="no_smtputf8"))
    story.tell("notify", MessageFailed(message_id="n", reason_code="no_address", officer="an"))
    with opened(database_url) as engine:
        put(engine, story.events)
        with engine.connect() as connection:
            kept = history_events(connection, story.code)
    assert [payload_of(event, MessageFailed).message_id for event in kept] == ["m"]


def test_a_list_finds_each_dossier_in_its_state(database_url: str) -> None:
    """For every state the list's rows are those that the state's definition names, and no other."""
    with opened(database_url) as engine:
        put(engine, as_a_log(stories(seed=2, count=60)))
        with engine.connect() as connection:
            found = [dict(row._mapping) for row in connection.execute(select(DOSSIERS))]
            seen = set()
            for state in STATES:
                expected = {row["dossier_code"] for row in found if state_of(row) == state}
                answer = page(connection, ListDossiersRequest(state=state, page_size=200))
                assert {d.dossier_code for d in answer.dossiers} == expected
                assert {d.state for d in answer.dossiers} <= {state}
                seen |= expected
            assert len(seen) == 60


def walk(engine: Engine, request: ListDossiersRequest) -> list[str]:
    """Read a list to its end."""
    codes: list[str] = []
    with engine.connect() as connection:
        while True:
            answer = page(connection, request)
            assert len(answer.dossiers) <= request.page_size
            codes += [dossier.dossier_code for dossier in answer.dossiers]
            if not answer.next_page_token:
                return codes
            request.page_token = answer.next_page_token


def test_pages_give_each_dossier_once_newest_first(database_url: str) -> None:
    """Whatever the size of pages, the list is the same, also where many have the same instant."""
    with opened(database_url) as engine:
        put(engine, as_a_log(stories(seed=3, count=60)))
        whole = walk(engine, ListDossiersRequest(page_size=200))
        assert len(whole) == len(set(whole)) == 60
        for size in (1, 7, 59, 60):
            assert walk(engine, ListDossiersRequest(page_size=size)) == whole
        with engine.connect() as connection:
            instants = [dossier_row(connection, code) for code in whole]
        order = [row["submitted_at"] for row in instants if row is not None]
        assert order == sorted(order, reverse=True)


def test_rows_that_come_meanwhile_disturb_no_page(database_url: str) -> None:
    """A dossier handed in between two pages shifts nothing."""
    with opened(database_url) as engine:
        put(engine, as_a_log(stories(seed=4, count=60)))
        whole = walk(engine, ListDossiersRequest(page_size=200))
        request = ListDossiersRequest(page_size=10)
        with engine.connect() as connection:
            first = page(connection, request)
        newer = stories(seed=8, count=1)[0].events[0]
        late = Story("H22.12-210811-0001", MONDAY + 99 * HOUR)
        put(engine, late.tell("intake", payload_of(newer, DossierSubmitted)).events)
        request.page_token = first.next_page_token
        assert [d.dossier_code for d in first.dossiers] + walk(engine, request) == whole


def test_every_filter_narrows_the_list(database_url: str) -> None:
    """Unit, channel, procedure and time of submission each keep exactly what they name."""
    with opened(database_url) as engine:
        put(engine, as_a_log(stories(seed=5, count=60)))
        start, end = MONDAY + 2 * HOUR, MONDAY + 4 * HOUR
        with engine.connect() as connection:
            everything = page(connection, ListDossiersRequest(page_size=200)).dossiers
            for request, keeps in (
                (ListDossiersRequest(unit="H22.12"), lambda d: d.unit == "H22.12"),
                (ListDossiersRequest(channel=ONLINE), lambda d: d.channel == 1),
                (
                    ListDossiersRequest(procedure_code="1.000002", unit="H22.60.05"),
                    lambda d: (d.procedure_code, d.unit) == ("1.000002", "H22.60.05"),
                ),
                (
                    ListDossiersRequest(
                        submitted_from=to_timestamp(start), submitted_to=to_timestamp(end)
                    ),
                    lambda d: start <= to_us(d.submitted_at) < end,
                ),
            ):
                request.page_size = 200
                expected = [d for d in everything if keeps(d)]
                assert list(page(connection, request).dossiers) == expected
                assert 0 < len(expected) < 60
