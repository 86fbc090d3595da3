"""Event logs for process mining, from the events of a week."""

from __future__ import annotations

import csv
import io
import json
import random
from collections import Counter, defaultdict
from pathlib import Path
from xml.etree import ElementTree

import pytest
from motcua.audit.v1 import audit_pb2 as pb
from motcua.events.v1.common_pb2 import Actor, ActorKind
from motcua.events.v1.event_pb2 import Event

from cli.exporting.command import COLUMNS, Format, _write
from cli.exporting.spool import spool
from kernel.eventsourcing.envelope import short_name, type_name
from office.streams import OFFICER
from tests.support.audit_store import week

XES = "{http://www.xes-standard.org/}"


@pytest.fixture
def events() -> list[Event]:
    """A week of twelve dossiers; a citizen did something in one, and an officer has a stream."""
    made = week(random.Random(7), 12)
    made[0].actor.CopyFrom(Actor(kind=ActorKind.ACTOR_KIND_CITIZEN, id="cit-4711"))
    absence = Event.FromString(made[1].SerializeToString())
    absence.stream_kind, absence.event_id = OFFICER, "absence"
    return [*made, absence]


def exported(events: list[Event], form: Format, folder: Path) -> bytes:
    """Return what is written of events that come in the order of their partitions."""
    stream = [
        pb.StreamEventsResponse(
            partition=0,
            offset=offset,
            type=short_name(type_name(event)),
            body=event.SerializeToString(),
            stream_id=event.stream_id,
        )
        for offset, event in enumerate(events)
    ]
    random.Random(3).shuffle(stream)
    with spool() as filled:
        filled.fill(stream)
        _write(filled.dossiers(), form, folder / "log")
    return (folder / "log").read_bytes()


def own(events: list[Event]) -> dict[str, list[str]]:
    """Return the ids of each dossier's events, in the order of the log."""
    found = defaultdict(list)
    for event in events:
        if event.stream_kind != OFFICER:
            found[event.stream_id].append(event.event_id)
    return found


def test_xes_has_a_trace_for_each_dossier(events: list[Event], tmp_path: Path) -> None:
    """With its events in the order of the log, each complete, with an instant."""
    root = ElementTree.fromstring(exported(events, Format.xes, tmp_path))
    assert root.get("xes.version") == "1849-2016"
    traces = {}
    for trace in root.iter(f"{XES}trace"):
        (code,) = (s.get("value") for s in trace.findall(f"{XES}string[@key='concept:name']"))
        traces[code] = [
            string.get("value")
            for string in trace.iterfind(f"{XES}event/{XES}string[@key='event_id']")
        ]
        for event in trace.iter(f"{XES}event"):
            assert event.find(f"{XES}date[@key='time:timestamp']") is not None
            assert event.find(f"{XES}string[@key='concept:name']") is not None
    assert traces == own(events)


def test_ocel_names_each_object_and_type_once(events: list[Event], tmp_path: Path) -> None:
    """Every relation leads to an object, and every type is declared."""
    log = json.loads(exported(events, Format.ocel, tmp_path))
    ids = Counter(each["id"] for each in log["objects"])
    assert set(ids.values()) == {1}
    assert set(own(events)) <= set(ids)
    declared = {each["name"] for each in log["eventTypes"]}
    assert {event["type"] for event in log["events"]} == declared
    kinds = {each["name"] for each in log["objectTypes"]}
    assert {each["type"] for each in log["objects"]} <= kinds
    related = {each["objectId"] for event in log["events"] for each in event["relationships"]}
    related |= {
        each["objectId"] for thing in log["objects"] for each in thing.get("relationships", ())
    }
    assert related <= set(ids)
    assert len(log["events"]) == sum(map(len, own(events).values()))


def test_csv_has_an_event_a_line(events: list[Event], tmp_path: Path) -> None:
    """And the facts of its dossier."""
    text = exported(events, Format.csv, tmp_path).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert tuple(rows[0]) == COLUMNS
    found = defaultdict(list)
    for row in rows:
        found[row["dossier"]].append(row["event_id"])
    assert found == own(events)
    assert all(row["procedure"] and row["unit"] for row in rows)


@pytest.mark.parametrize("form", list(Format))
def test_no_citizen_is_named(events: list[Event], form: Format, tmp_path: Path) -> None:
    """Officers are, by their ids."""
    written = exported(events, form, tmp_path)
    assert b"cit-4711" not in written
    officers = {e.actor.id for e in events if e.actor.kind == ActorKind.ACTOR_KIND_OFFICER}
    assert any(officer.encode() in written for officer in officers)
