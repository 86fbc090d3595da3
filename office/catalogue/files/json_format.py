"""The JSON form: an object with ``format``, ``fields`` and ``procedures``, a version in each."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from office.catalogue.files.columns import COLUMNS, LISTS, ColumnKind, ColumnNotes, value_of
from office.catalogue.files.document import (
    FORMAT,
    Document,
    Raw,
    checked,
    field_values,
    version_values,
)
from office.catalogue.files.file_errors import Fault, FileError, whole
from office.catalogue.files.partial_validation import Path
from office.catalogue.messages import BrokenRule, broken
from office.catalogue.model import Field, Procedure

_LISTS = frozenset(LISTS.values())


def read_json(content: dict[str, Any]) -> Document:
    """Read the content, mistakes included; raise ``FileError`` when there is nothing in it."""
    notes, found = ColumnNotes(), list[Fault]()
    lists = {}
    for key in ("fields", "procedures"):
        entries = content.get(key, [])
        if not isinstance(entries, list):
            found.append(Fault(0, key, "", broken("list")))
            entries = []
        lists[key] = entries
    if found and not any(lists.values()):
        raise FileError(found)
    if not lists["fields"] and not lists["procedures"]:
        raise whole("file", broken("file.empty"))
    fields = [
        _entry("field", it, place, notes, found)
        for place, it in enumerate(lists["fields"], start=1)
    ]
    versions = [
        _entry("procedure", it, place, notes, found)
        for place, it in enumerate(lists["procedures"], start=1)
    ]
    _repeated(versions, found)
    return checked(fields, versions, found, notes)


def _repeated(versions: Iterable[Raw], found: list[Fault]) -> None:
    seen: set[tuple[Any, Any]] = set()
    for raw in versions:
        key = (raw.values.get("code"), raw.values.get("version"))
        if None not in key and key in seen:
            found.append(raw.fault(("version",), broken("repeated", f"{key[0]} version {key[1]}")))
            raw.again = True
        seen.add(key)


def _entry(kind: str, it: Any, place: int, notes: ColumnNotes, found: list[Fault]) -> Raw:
    raw = Raw(kind, {}, place, paths=True)
    if not isinstance(it, dict):
        found.append(Fault(place, kind, "", broken("object")))
        raw.wrong.add(())
        return raw
    wrong: list[tuple[Path, BrokenRule]] = []
    raw.values = _object(it, (), notes, wrong)
    raw.wrong = {path for path, _ in wrong}
    found += [raw.fault(path, rule) for path, rule in wrong]
    return raw


def _object(
    it: dict[str, Any], path: Path, notes: ColumnNotes, wrong: list[tuple[Path, BrokenRule]]
) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, raw in it.items():
        here = (*path, key[:40])
        if not path and key in _LISTS and isinstance(raw, list):
            values[key] = [
                _object(item, (*here, place), notes, wrong) if isinstance(item, dict) else item
                for place, item in enumerate(raw)
            ]
            continue
        value = raw if key in _LISTS else value_of(COLUMNS.get(key, ColumnKind.TEXT), raw, notes)
        if isinstance(value, BrokenRule):
            wrong.append((here, value))
        elif value is not None:
            values[key] = value
    return values


def json_document(fields: Iterable[Field], versions: Iterable[Procedure]) -> dict[str, Any]:
    """Return the JSON form of entries."""
    return {
        "format": FORMAT,
        "fields": [field_values(it) for it in fields],
        "procedures": [_plain(version_values(it)) for it in versions],
    }


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    days = {key: values[key].isoformat() for key in ("valid_from", "valid_to") if values[key]}
    kept = {key: value for key, value in values.items() if value not in (None, [], "")}
    return kept | days


def canonical(document: dict[str, Any]) -> bytes:
    """Write a document so that the same content gives the same bytes."""
    return (
        json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")) + "\n"
    ).encode()
