"""Turns rows of a log into the histories of dossiers, with the reasons why a row can't be used.

Pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple

from cli.importing.mapping import Mapping, MappingError
from cli.importing.sources import MALFORMED, SourceRow
from kernel.base.clock_skew import lies_ahead
from kernel.base.instants import from_datetime, zone

EARLIEST, LATEST = 1901, 2199
"""Years in which working time is known."""


class ImportedStep(NamedTuple):
    """One activity; ``at`` in microseconds UTC, ``row`` as numbered in the source."""

    at: int
    row: int
    activity: str
    unit: str
    performer: str
    twin: int = 0
    """Which one it is of the case's steps that are alike in everything but their row."""


@dataclass(frozen=True)
class ImportedHistory:
    """What another system knew of one dossier; instants in microseconds UTC, None for unknown."""

    code: str
    channel: str
    unit: str
    started_at: int
    due_at: int | None
    ended_at: int | None
    granted: bool
    external_code: str = ""
    steps: list[ImportedStep] = field(default_factory=list, compare=False)

    @property
    def after_end(self) -> int:
        """The number of steps after the case's end."""
        return sum(self.ended_at is not None and step.at > self.ended_at for step in self.steps)


class Reject(NamedTuple):
    """A row that was not imported, and why."""

    row: int
    case: str
    reason: str


class WrongValue(Exception):
    """A value of a row can't be used; the text names the column and the rule."""


@dataclass(frozen=True)
class Histories:
    """The histories of a whole log: ``rows`` = the steps of all cases + ``rejects``."""

    rows: int
    cases: list[ImportedHistory]
    rejects: list[Reject]


def read_histories(rows: Iterable[SourceRow], mapping: Mapping, now: int) -> Histories:
    """Gather rows into cases, each with its steps in the order of their times (then of the file).

    What a case is comes from its first good row; a row that contradicts it is rejected, as
    is what lies after ``now``. Raise ``MappingError`` when a mapped column is in no row.
    """
    cases: dict[str, ImportedHistory] = {}
    rejects: list[Reject] = []
    columns: set[str] = set()
    count = 0
    for row in rows:
        count += 1
        columns.update(row.values)
        name = row.values.get(mapping.columns.case, "").strip()
        try:
            step = _step(row, mapping, now)
            case = _case(name, row, mapping, now)
            _agree(cases.setdefault(name, case), case, mapping)
        except WrongValue as wrong:
            rejects.append(Reject(row.number, name, str(wrong)))
        else:
            cases[name].steps.append(step)
    if unknown := mapping.columns.named() - columns:
        raise MappingError(f"no row has the column {', '.join(sorted(unknown))}")
    for case in cases.values():
        case.steps[:] = _in_order(case.steps)
    return Histories(count, list(cases.values()), rejects)


def _in_order(steps: list[ImportedStep]) -> list[ImportedStep]:
    seen: Counter[tuple[object, ...]] = Counter()
    ordered: list[ImportedStep] = []
    for step in sorted(steps):
        alike = (step.at, step.activity, step.unit, step.performer)
        ordered.append(step._replace(twin=seen[alike]))
        seen[alike] += 1
    return ordered


def _step(row: SourceRow, mapping: Mapping, now: int) -> ImportedStep:
    columns = mapping.columns
    if MALFORMED in row.values:
        raise WrongValue(row.values[MALFORMED])
    _needed(row, columns.case)
    return ImportedStep(
        at=_past(row, columns.time, mapping, now),
        row=row.number,
        activity=_needed(row, columns.activity),
        unit=row.values.get(columns.group, "").strip(),
        performer=row.values.get(columns.performer, "").strip(),
    )


def _case(name: str, row: SourceRow, mapping: Mapping, now: int) -> ImportedHistory:
    columns = mapping.columns
    channel = mapping.channels.get(_needed(row, columns.channel))
    if channel is None:
        raise WrongValue(
            f"{columns.channel}: the mapping has no channel for {row.values[columns.channel]!r}"
        )
    return ImportedHistory(
        code=name,
        channel=channel,
        unit=_needed(row, columns.unit),
        started_at=_past(row, columns.started, mapping, now),
        due_at=_instant(row, columns.due, mapping) if _has(row, columns.due) else None,
        ended_at=_past(row, columns.ended, mapping, now) if _has(row, columns.ended) else None,
        granted=row.values.get(columns.result, "").strip() not in mapping.rejected_results,
        external_code=row.values.get(columns.external_code, "").strip(),
    )


def _agree(first: ImportedHistory, case: ImportedHistory, mapping: Mapping) -> None:
    """Refuse a row that contradicts the first row of its case."""
    if first == case:
        return
    names = {"started_at": "started", "due_at": "due", "ended_at": "ended", "granted": "result"}
    for fact in ("channel", "unit", "external_code", *names):
        if replace(first, **{fact: getattr(case, fact)}) != first:
            column = getattr(mapping.columns, names.get(fact, fact))
            raise WrongValue(f"{column}: contradicts the first row of its case")


def _has(row: SourceRow, column: str) -> bool:
    return bool(row.values.get(column, "").strip())


def _needed(row: SourceRow, column: str) -> str:
    if column not in row.values:
        raise WrongValue(f"{column}: there is no such column")
    value = row.values[column].strip()
    if not value:
        raise WrongValue(f"{column}: is empty")
    return value


def _past(row: SourceRow, column: str, mapping: Mapping, now: int) -> int:
    at = _instant(row, column, mapping)
    if lies_ahead(at, now):
        raise WrongValue(f"{column}: {row.values[column].strip()!r} lies in the future")
    return at


def _instant(row: SourceRow, column: str, mapping: Mapping) -> int:
    text = _needed(row, column)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise WrongValue(f"{column}: {text!r} is no time in ISO 8601") from None
    if not EARLIEST <= moment.year <= LATEST:
        raise WrongValue(f"{column}: {text!r} does not lie between {EARLIEST} and {LATEST}")
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone(mapping.source.time_zone))
    return from_datetime(moment)
