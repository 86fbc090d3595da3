"""Dossiers as an object-centric event log in OCEL 2.0 (JSON).

Its objects are dossiers, officers, units and procedures.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, Final, TextIO

from cli.exporting.spool import FACTS, ExportedDossier, ExportedEvent

_EVENT_ATTRIBUTES: Final = ("step", "source", "actor_kind")
_OBJECT_TYPES: Final = {"dossier": FACTS, "officer": (), "unit": (), "procedure": ()}


def write_ocel(dossiers: Iterable[ExportedDossier], file: TextIO) -> None:
    """Write a log to a file, an event and an object a line."""
    others: dict[str, str] = {}
    event_types: set[str] = set()
    objects: list[str] = []

    def events() -> Iterator[Any]:
        for dossier in dossiers:
            objects.append(json.dumps(_dossier(dossier), ensure_ascii=False))
            if procedure := dossier.facts.get("procedure"):
                others[_id("procedure", procedure)] = "procedure"
            for event in dossier.events:
                event_types.add(event.type)
                yield _event(event, dossier, others)

    file.write('{"events": [')
    _write_all(file, (json.dumps(event, ensure_ascii=False) for event in events()))
    file.write('], "objects": [')
    rest = ({"id": name, "type": kind} for name, kind in sorted(others.items()))
    _write_all(file, [*objects, *(json.dumps(each, ensure_ascii=False) for each in rest)])
    types = {
        "objectTypes": [
            {"name": name, "attributes": _declared(attributes)}
            for name, attributes in _OBJECT_TYPES.items()
        ],
        "eventTypes": [
            {"name": name, "attributes": _declared(_EVENT_ATTRIBUTES)}
            for name in sorted(event_types)
        ],
    }
    file.write("], " + json.dumps(types, ensure_ascii=False)[1:] + "\n")


def _write_all(file: TextIO, lines: Iterable[str]) -> None:
    for number, line in enumerate(lines):
        file.write((",\n" if number else "\n") + line)


def _event(event: ExportedEvent, dossier: ExportedDossier, others: dict[str, str]) -> Any:
    related = [(dossier.code, "dossier")]
    if event.actor_kind == "officer" and event.actor:
        related.append((_id("officer", event.actor), "by"))
        others[_id("officer", event.actor)] = "officer"
    if event.unit:
        related.append((_id("unit", event.unit), "at"))
        others[_id("unit", event.unit)] = "unit"
    attributes = ((name, getattr(event, name)) for name in _EVENT_ATTRIBUTES)
    return {
        "id": event.event_id,
        "type": event.type,
        "time": _time(event.at),
        "attributes": [{"name": name, "value": value} for name, value in attributes if value],
        "relationships": [{"objectId": name, "qualifier": how} for name, how in related],
    }


def _dossier(dossier: ExportedDossier) -> Any:
    begun = _time(dossier.events[0].at)
    made: dict[str, Any] = {
        "id": dossier.code,
        "type": "dossier",
        "attributes": [
            {"name": name, "time": begun, "value": value}
            for name, value in dossier.facts.items()
            if value
        ],
    }
    if procedure := dossier.facts.get("procedure"):
        related = {"objectId": _id("procedure", procedure), "qualifier": "of"}
        made["relationships"] = [related]
    return made


def _id(kind: str, name: str) -> str:
    """Return an object's identity: codes of units, officers and procedures may be the same."""
    return f"{kind}:{name}"


def _time(at: int) -> str:
    return datetime.fromtimestamp(at / 1_000_000, UTC).isoformat().replace("+00:00", "Z")


def _declared(names: Iterable[str]) -> list[dict[str, str]]:
    return [{"name": name, "type": "string"} for name in names]
