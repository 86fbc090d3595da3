"""The JSON format: an object with ``format``, ``fields`` and ``procedures``, one per version."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from kernel.documents.mistakes import KeyPath
from office.catalogue.files.columns import COLUMNS, LISTS, ColumnKind, Corrections, value_of
from office.catalogue.files.document import (
    FORMAT,
    ProcedureDocument,
    RawEntry,
    check_entries,
    field_values,
    version_values,
)
from office.catalogue.files.file_errors import FileMistake, ProcedureFileError, whole_file_error
from office.catalogue.messages import BrokenRule, broken_rule
from office.catalogue.model import Field, Procedure

_LISTS = frozenset(LISTS.values())


def read_json(content: dict[str, Any]) -> ProcedureDocument:
    """Return the document with its mistakes; raise ``ProcedureFileError`` if it has no entries."""
    corrections, mistakes = Corrections(), list[FileMistake]()
    lists = {}
    for key in ("fields", "procedures"):
        entries = content.get(key, [])
        if not isinstance(entries, list):
            mistakes.append(FileMistake(0, key, "", broken_rule("list")))
            entries = []
        lists[key] = entries
    if mistakes and not any(lists.values()):
        raise ProcedureFileError(mistakes)
    if not lists["fields"] and not lists["procedures"]:
        raise whole_file_error("file", broken_rule("file.empty"))
    fields = [
        _entry("field", entry, place, corrections, mistakes)
        for place, entry in enumerate(lists["fields"], start=1)
    ]
    versions = [
        _entry("procedure", entry, place, corrections, mistakes)
        for place, entry in enumerate(lists["procedures"], start=1)
    ]
    _repeated(versions, mistakes)
    return check_entries(fields, versions, mistakes, corrections)


def _repeated(versions: Iterable[RawEntry], mistakes: list[FileMistake]) -> None:
    seen: set[tuple[Any, Any]] = set()
    for raw in versions:
        key = (raw.values.get("code"), raw.values.get("version"))
        if None not in key and key in seen:
            mistakes.append(
                raw.mistake(("version",), broken_rule("repeated", f"{key[0]} version {key[1]}"))
            )
            raw.repeated = True
        seen.add(key)


def _entry(
    kind: str, content: Any, place: int, corrections: Corrections, mistakes: list[FileMistake]
) -> RawEntry:
    raw = RawEntry(kind, {}, place, in_json=True)
    if not isinstance(content, dict):
        mistakes.append(FileMistake(place, kind, "", broken_rule("object")))
        raw.wrong.add(())
        return raw
    wrong: list[tuple[KeyPath, BrokenRule]] = []
    raw.values = _object(content, (), corrections, wrong)
    raw.wrong = {path for path, _ in wrong}
    mistakes += [raw.mistake(path, rule) for path, rule in wrong]
    return raw


def _object(
    content: dict[str, Any],
    path: KeyPath,
    corrections: Corrections,
    wrong: list[tuple[KeyPath, BrokenRule]],
) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, raw in content.items():
        here = (*path, key[:40])
        if not path and key in _LISTS and isinstance(raw, list):
            values[key] = [
                _object(item, (*here, place), corrections, wrong)
                if isinstance(item, dict)
                else item
                for place, item in enumerate(raw)
            ]
            continue
        value = (
            raw if key in _LISTS else value_of(COLUMNS.get(key, ColumnKind.TEXT), raw, corrections)
        )
        if isinstance(value, BrokenRule):
            wrong.append((here, value))
        elif value is not None:
            values[key] = value
    return values


def json_document(fields: Iterable[Field], versions: Iterable[Procedure]) -> dict[str, Any]:
    """Return entries as a JSON object."""
    return {
        "format": FORMAT,
        "fields": [field_values(entry) for entry in fields],
        "procedures": [_plain(version_values(entry)) for entry in versions],
    }


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    days = {key: values[key].isoformat() for key in ("valid_from", "valid_to") if values[key]}
    kept = {key: value for key, value in values.items() if value not in (None, [], "")}
    return kept | days


def canonical(document: dict[str, Any]) -> bytes:
    """Return the canonical bytes of a JSON object: equal content has equal bytes."""
    return (
        json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")) + "\n"
    ).encode()
