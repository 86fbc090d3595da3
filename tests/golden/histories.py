"""Recorded histories: whole dossiers as they lie on the log, and what every build makes of them.

`python -m tests.golden.histories NAME CODE [CODE ...]` reads the records of these dossiers from the
log of the running system (`motcua up`, or `KAFKA_BOOTSTRAP_SERVERS`) and keeps them as
`histories/NAME.events`: a line for each record, the event's bytes in Base64. Beside it stands
`histories/NAME.json`: the deciders' states, the rows of all views, and the timeline. A child of a
dossier is named after its parent, so that both lie in one history.

A history that is there is never recorded again: later builds must replay it to the same.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from itertools import zip_longest
from pathlib import Path
from typing import Any

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from motcua.events.v1.event_pb2 import Event
from sqlalchemy import Connection, create_engine, select

from kernel.eventsourcing.record import Record
from kernel.eventsourcing.service_model import Model
from kernel.eventsourcing.unit_of_work import UnitOfWork
from office.streams import DOSSIER
from services.audit import responses
from services.audit.reports import queries
from tests.support.models import MODELS

FOLDER = Path(__file__).parent / "histories"
COMMAND = "python -m tests.golden.histories"
ZONE = "Asia/Ho_Chi_Minh"
Timeline = Mapping[str, list[dict[str, Any]]]


def names() -> list[str]:
    """List the histories that there are."""
    return sorted(path.stem for path in FOLDER.glob("*.events"))


def bodies_in(name: str) -> list[bytes]:
    """Return the bytes of a history's events, in the order of the log."""
    return [base64.b64decode(line) for line in (FOLDER / f"{name}.events").read_text().split()]


def expected(name: str) -> Any:
    """Return what a history was replayed to when it was recorded."""
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def replayed(bodies: Sequence[bytes], recorded: Any = None) -> dict[str, Any]:
    """Replay events in every service, and return what came of them, as JSON has it.

    Where it is to be compared with what was ``recorded``, tables, columns, fields of states and of
    the timeline that the record does not know are left out: a later build may keep and show more of
    the past, never less.
    """
    known = {} if recorded is None else recorded["services"]
    found = {
        source: _replayed(model, bodies, known.get(source)) for source, model in MODELS.items()
    }
    timeline = found["audit"].pop("timeline")
    if recorded is not None:
        timeline = _as_far_as_known(timeline, recorded["timeline"])
    made = {"services": found, "timeline": timeline}
    written: dict[str, Any] = json.loads(json.dumps(made))  # tuples become lists
    return written


def ingest(
    connection: Connection, model: Model, bodies: Sequence[bytes], first: int = 0
) -> UnitOfWork:
    """Have a service read events from an offset on, into tables that are there."""
    uow = UnitOfWork(connection, model, None, 0)
    for offset, body in enumerate(bodies, first):
        event = Event.FromString(body)
        if model.every is not None:
            model.every(uow, Record(0, offset, event.stream_id.encode(), body, ()), event)
        uow.ingest(event, body)
    uow.flush()
    return uow


def _replayed(model: Model, bodies: Sequence[bytes], recorded: Any) -> dict[str, Any]:
    engine = create_engine("sqlite://")
    model.tables.metadata.create_all(engine)
    events = [Event.FromString(body) for body in bodies]
    codes = list(dict.fromkeys(e.stream_id for e in events if e.stream_kind == DOSSIER))
    with engine.begin() as connection:
        uow = ingest(connection, model, bodies)
        rows = _rows(connection, model)
        if recorded is not None:  # a table of a later build, of which the past has nothing
            known_tables = recorded["rows"]
            rows = {
                name: _with_known_columns(made, known_tables.get(name))
                for name, made in rows.items()
                if made or name in known_tables
            }
        result: dict[str, Any] = {"rows": rows}
        if model.every is None:
            known = {} if recorded is None else recorded["states"]
            result["states"] = {code: _plain(uow.state(code), known.get(code)) for code in codes}
        else:
            result["timeline"] = {code: _timeline(connection, code) for code in codes}
    engine.dispose()
    return result


def _rows(connection: Connection, model: Model) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of the service's own tables that are a function of the log."""
    own = [t for t in model.view_tables() if t not in (model.tables.events, model.tables.streams)]
    return {
        table.name: [
            {str(name): _value(value) for name, value in row.items() if name != "body"}
            for row in connection.execute(select(table).order_by(*table.primary_key)).mappings()
        ]
        for table in own
    }


def _value(value: Any) -> Any:
    return value.hex() if isinstance(value, bytes) else value


def _plain(value: Any, recorded: Any = None) -> Any:
    """Return a state as JSON has it; what has no order of its own is sorted. Of an object only the
    fields that are ``recorded``, if it is.
    """
    if is_dataclass(value):
        names = [field.name for field in fields(value)]
        if isinstance(recorded, dict):
            names = [name for name in names if name in recorded]
        known = recorded if isinstance(recorded, dict) else {}
        return {name: _plain(getattr(value, name), known.get(name)) for name in names}
    if isinstance(value, Message):
        return MessageToDict(value, preserving_proto_field_name=True)
    if isinstance(value, Mapping):
        known = recorded if isinstance(recorded, dict) else {}
        return {str(key): _plain(each, known.get(str(key))) for key, each in value.items()}
    if isinstance(value, set | frozenset):
        return sorted(map(str, value))
    if isinstance(value, tuple | list):
        places = recorded if isinstance(recorded, list) else ()
        return [_plain(each, known) for each, known in zip_longest(value, places[: len(value)])]
    return value.value if isinstance(value, Enum) else value


def _as_far_as_known(timeline: Timeline, recorded: Timeline) -> Timeline:
    """Return the entries without the fields that no recorded entry has."""
    known = {field for entries in recorded.values() for entry in entries for field in entry}
    return {
        code: [{name: each for name, each in entry.items() if name in known} for entry in entries]
        for code, entries in timeline.items()
    }


def _timeline(connection: Connection, code: str) -> list[dict[str, Any]]:
    rows = queries.timeline(connection, code, None)
    return [
        MessageToDict(responses.entry(row, ZONE), preserving_proto_field_name=True) for row in rows
    ]


def record(name: str, records: Iterable[bytes | None], codes: Sequence[str]) -> int:
    """Keep the events of some dossiers as a history; give their number."""
    log, result = FOLDER / f"{name}.events", FOLDER / f"{name}.json"
    if log.exists():
        raise FileExistsError(f"{log.name} is there, and stays as it is")
    bodies = [body for body in records if body and Event.FromString(body).stream_id in codes]
    FOLDER.mkdir(exist_ok=True)
    log.write_text("".join(f"{base64.b64encode(body).decode()}\n" for body in bodies))
    result.write_text(_json(replayed(bodies)), encoding="utf-8")
    return len(bodies)


def _with_known_columns(rows: list[dict[str, Any]], recorded: Any) -> list[dict[str, Any]]:
    known = {column for row in recorded or () for column in row}
    return [{name: row[name] for name in row if name in known} for row in rows] if known else rows


def _json(made: Mapping[str, Any]) -> str:
    return json.dumps(made, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def main() -> int:
    """Record a history from the log of the running system; 1 when the log has nothing of it."""
    from tests.support.invariants import records

    parser = argparse.ArgumentParser(description="Record dossiers as a history", prog=COMMAND)
    parser.add_argument("name", help="the history's name")
    parser.add_argument("codes", nargs="+", help="the dossiers' codes", metavar="CODE")
    given = parser.parse_args()
    bootstrap = os.environ.get("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:29092")
    found = records(bootstrap, os.environ.get("MOTCUA_TOPIC", "dossier.events"))
    count = record(given.name, (each.value for each in found), given.codes)
    print(f"{count} events")
    return 0 if count else 1


if __name__ == "__main__":
    sys.exit(main())
