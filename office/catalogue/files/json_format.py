"""The JSON format: an object with ``format``, ``fields`` and ``procedures``, one per version."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from kernel.documents.mistakes import KeyPath, Position
from kernel.documents.reading import NOTED
from office.catalogue.files.columns import COLUMNS, LISTS, ColumnKind, Corrections, value_of
from office.catalogue.files.document import (
    FORMAT,
    ProcedureDocument,
    ProcedureReader,
    check_entries,
    field_values,
    version_values,
)
from office.catalogue.files.file_errors import ProcedureFileError, whole_file_error
from office.catalogue.messages import BrokenRule, broken_rule
from office.catalogue.model import Field, Procedure

_LISTS = frozenset(LISTS.values())


def read_json(
    content: dict[str, Any], positions: Callable[[], Mapping[KeyPath, Position]] = dict
) -> ProcedureDocument:
    """Return the document with its mistakes; raise ``ProcedureFileError`` if it has no entries."""
    corrections, wrong = Corrections(), list[tuple[KeyPath, BrokenRule]]()
    lists: dict[str, list[Any]] = {}
    reader = ProcedureReader(lists, positions)
    for key in ("fields", "procedures"):
        entries = content.get(key, [])
        if not isinstance(entries, list):
            rule = broken_rule("list")
            reader.note(reader.place_of((key,)), key, rule.code, rule)
            entries = []
        lists[key] = [
            _object(entry, (key, place), corrections, wrong) if isinstance(entry, dict) else entry
            for place, entry in enumerate(entries)
        ]
    if not any(lists.values()):
        if reader.mistakes:
            raise ProcedureFileError(reader.mistakes)
        raise whole_file_error("file", broken_rule("file.empty"))
    reader.index()
    reader.corrections = corrections
    for path, rule in wrong:
        reader.wrong(path, rule.code, rule)
    _note_repeated(reader)
    return check_entries(reader)


def _note_repeated(reader: ProcedureReader) -> None:
    seen: set[tuple[Any, Any]] = set()
    for place, values in enumerate(reader.content["procedures"]):
        if not isinstance(values, dict):
            continue
        key, path = (values.get("code"), values.get("version")), ("procedures", place)
        if not all(isinstance(part, str | int) for part in key):
            continue
        if key in seen:
            rule = broken_rule("repeated", f"{key[0]} version {key[1]}")
            reader.wrong((*path, "version"), rule.code, rule)
            reader.repeated.add(path)
        seen.add(key)


def _object(
    content: dict[str, Any],
    path: KeyPath,
    corrections: Corrections,
    wrong: list[tuple[KeyPath, BrokenRule]],
) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, raw in content.items():
        here = (*path, key)
        if len(path) == 2 and key in _LISTS:
            value = raw
            if isinstance(raw, list):
                value = [
                    _object(item, (*here, place), corrections, wrong)
                    if isinstance(item, dict)
                    else item
                    for place, item in enumerate(raw)
                ]
        else:
            value = value_of(COLUMNS.get(key, ColumnKind.TEXT), raw, corrections)
        if isinstance(value, BrokenRule):
            wrong.append((here, value))
            value = NOTED
        if value is not None:
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
