"""Turns rows of a log into the histories of dossiers, with the reasons why a row can't be used.

Pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from collections.abc import Mapping as TableOf
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from typing import Final, NamedTuple

from cli.importing.mapping import FactPlace, Mapping, MappingError
from cli.importing.rows import MALFORMED, SourceRow
from cli.importing.times import ISO, parse_time
from kernel.base.clock_skew import lies_ahead
from kernel.base.instants import DAY, from_datetime, zone
from kernel.base.plain_text import plain
from kernel.messages.texts import TEXTS
from kernel.rpc.validation.messages import PLAIN
from kernel.rpc.validation.normalizers import Malformed
from office.normalization.codes import dossier_code, procedure_code, unit_code
from office.normalization.legibility import garbled
from office.normalization.lines import folded, line

EARLIEST, LATEST = 1901, 2199
"""Years in which working time is known."""
_LONGEST: Final = {"case": 64, "activity": 200, "external_code": 64}
_LONGEST_OTHER: Final = 100
_SHOWN: Final = 20


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
    procedure: str = ""
    at_midnight: bool = field(default=False, compare=False)
    """Whether it is due or ended at 00:00 sharp, which may stand for a day."""
    steps: list[ImportedStep] = field(default_factory=list, compare=False)

    @property
    def after_end(self) -> int:
        """The number of steps after the case's end."""
        return sum(self.ended_at is not None and step.at > self.ended_at for step in self.steps)

    @property
    def before_start(self) -> int:
        """The number of steps before it was handed in."""
        return sum(step.at < self.started_at for step in self.steps)

    @property
    def ended_before_start(self) -> bool:
        """Whether it ended before it was handed in, which can't be."""
        return self.ended_at is not None and self.ended_at < self.started_at

    @property
    def due_before_start(self) -> bool:
        """Whether its due date lies before it was handed in."""
        return self.due_at is not None and self.due_at < self.started_at


class Reject(NamedTuple):
    """A row that was not imported, and why."""

    row: int
    case: str
    reason: str


class WrongValue(Exception):
    """A value of a row can't be used; the text names the column and the rule."""


@dataclass(frozen=True)
class Histories:
    """The histories of a whole log: ``rows`` = the steps of all cases + ``rejects`` +
    ``left_out``.
    """

    rows: int
    cases: list[ImportedHistory]
    rejects: list[Reject]
    left_out: int = 0
    """Rows with a transition that is no step, such as the start of an activity."""


def read_histories(rows: Iterable[SourceRow], mapping: Mapping, now: int) -> Histories:
    """Gather rows into cases, each with its steps in the order of their times (then of the file).

    What a case is comes from its first good row; a row that contradicts it is rejected, as
    is what lies after ``now``. Raise ``MappingError`` when a mapped column is in no row.
    """
    cases: dict[str, ImportedHistory] = {}
    rejects: list[Reject] = []
    columns: set[str] = set()
    transitions: Counter[str] = Counter()
    count = 0
    places = mapping.places()
    for row in rows:
        count += 1
        columns.update(row.values)
        reading = _RowReader(row, mapping, places, now)
        if reading.transition and folded(reading.transition) not in mapping.transitions:
            transitions[repr(reading.transition)] += 1
            continue
        try:
            case = reading.case()
            step = reading.step(case)
            _agree(cases.setdefault(case.code, case), case, mapping)
        except WrongValue as wrong:
            name = line(row.values.get(mapping.columns.case, ""))
            rejects.append(Reject(row.number, name, str(wrong)))
        else:
            cases[case.code].steps.append(step)
    if unknown := mapping.columns.named() - columns:
        there = ", ".join(repr(name) for name in sorted(columns - {MALFORMED})[:_SHOWN])
        raise MappingError(f"no row has the column {', '.join(sorted(unknown))}; there are {there}")
    left_out = transitions.total()
    if left_out and left_out == count:
        names = ", ".join(sorted(transitions)[:_SHOWN])
        column = mapping.transition_column
        raise MappingError(
            f"no row is a step: 'transitions' has none of column {column!r}: {names}"
        )
    for case in cases.values():
        case.steps[:] = _in_order(case.steps)
    found = [_begun(case) for case in cases.values()] if not mapping.columns.started else None
    return Histories(count, found or list(cases.values()), rejects, left_out)


def _begun(case: ImportedHistory) -> ImportedHistory:
    """Return a case that begins with its first step."""
    return replace(case, started_at=case.steps[0].at)


def _in_order(steps: list[ImportedStep]) -> list[ImportedStep]:
    seen: Counter[tuple[object, ...]] = Counter()
    ordered: list[ImportedStep] = []
    for step in sorted(steps):
        alike = (step.at, step.activity, step.unit, step.performer)
        ordered.append(step._replace(twin=seen[alike]))
        seen[alike] += 1
    return ordered


def _agree(first: ImportedHistory, case: ImportedHistory, mapping: Mapping) -> None:
    """Refuse a row that contradicts the first row of its case."""
    if first == case:
        return
    names = {"started_at": "started", "due_at": "due", "ended_at": "ended", "granted": "result"}
    for fact in ("channel", "unit", "procedure", "external_code", *names):
        if replace(first, **{fact: getattr(case, fact)}) != first:
            column = mapping.name_of(names.get(fact, fact))
            raise WrongValue(f"{column}: contradicts the first row of its case")


class _RowReader:
    """Reads one row by the mapping; each method raises ``WrongValue``."""

    def __init__(
        self, row: SourceRow, mapping: Mapping, places: TableOf[str, FactPlace], now: int
    ) -> None:
        self._row = row
        self._mapping = mapping
        self._places = places
        self._now = now
        self._zone = zone(mapping.source.time_zone)

    @property
    def transition(self) -> str:
        """How far the activity has come; empty when the row does not say."""
        return line(self._row.values.get(self._mapping.transition_column, ""))

    def case(self) -> ImportedHistory:
        """Return what the row says of its case."""
        if MALFORMED in self._row.values:
            raise WrongValue(self._row.values[MALFORMED])
        columns = self._mapping.columns
        started = self._past("started") if columns.started else 0
        ended = self._ended()
        return ImportedHistory(
            code=self._code("case", self._needed("case")),
            channel=self._mapped("channel", self._needed("channel"), self._mapping.channels),
            unit=self._unit(),
            started_at=started,
            due_at=self._end_of("due"),
            ended_at=ended,
            granted=self._granted(ended),
            external_code=self._code("external_code", self._value("external_code")),
            procedure=self._procedure(),
            at_midnight=self._is_midnight("due") or self._is_midnight("ended"),
        )

    def step(self, case: ImportedHistory) -> ImportedStep:
        """Return the activity of the row.

        One that has only a day happened at its beginning, but not before the case began on it.
        """
        moment = self._moment("time")
        at = self._instant(moment)
        if not isinstance(moment, datetime) and at < case.started_at < at + DAY:
            at = case.started_at
        self._not_ahead("time", at)
        return ImportedStep(
            at=at,
            row=self._row.number,
            activity=self._needed("activity"),
            unit=self._value("group"),
            performer=self._value("performer"),
        )

    # -- values -----------------------------------------------------------------------------------

    def _value(self, fact: str) -> str:
        value = self._places[fact].value(self._row.values)
        longest = _LONGEST.get(fact, _LONGEST_OTHER)
        if len(value) > longest:
            raise self._wrong(fact, f"has more than {longest} characters")
        if wrong := garbled(value):
            raise self._wrong(fact, f"{value!r} {wrong.text.en}")
        clean = plain(value)
        if clean is None:
            raise self._wrong(fact, f"{value!r} {TEXTS.text(PLAIN).en}")
        return clean

    def _needed(self, fact: str) -> str:
        value = self._value(fact)
        if not value:
            column = self._places[fact].column
            there = not column or column in self._row.values
            raise self._wrong(fact, "is empty" if there else "there is no such column")
        return value

    def _code(self, fact: str, value: str) -> str:
        found = dossier_code(value) if value else ""
        if isinstance(found, Malformed):
            raise self._wrong(fact, f"{value!r} {found.text.en}")
        return found

    def _mapped(self, fact: str, value: str, table: TableOf[str, str]) -> str:
        found = table.get(folded(value))
        if found is None:
            raise self._wrong(fact, f"the mapping has no {fact} for {value!r}")
        return found

    def _unit(self) -> str:
        value, table = self._needed("unit"), self._mapping.units
        return unit_code(self._mapped("unit", value, table) if table else value)

    def _procedure(self) -> str:
        mapping = self._mapping
        if mapping.procedure is not None and not mapping.columns.procedure:
            return mapping.procedure.code
        value, table = self._needed("procedure"), mapping.procedures
        return procedure_code(self._mapped("procedure", value, table) if table else value)

    def _granted(self, ended: int | None) -> bool:
        """Return whether the result is a grant. What the mapping does not know is neither."""
        value = self._value("result")
        if not self._mapping.columns.result or (ended is None and not value):
            return True
        if folded(value) in self._mapping.rejected_results:
            return False
        if folded(value) in self._mapping.granted_results:
            return True
        lists = "granted_results and rejected_results"
        raise self._wrong("result", f"{value!r} is in neither of the mapping's {lists}")

    # -- times ------------------------------------------------------------------------------------

    def _past(self, fact: str) -> int:
        at = self._instant(self._moment(fact))
        self._not_ahead(fact, at)
        return at

    def _ended(self) -> int | None:
        """Return when the case ended; a day that has not ended yet counts up to now."""
        at = self._end_of("ended")
        if at is None:
            return None
        if not isinstance(self._moment("ended"), datetime) and self._now < at < self._now + DAY:
            return self._now
        self._not_ahead("ended", at)
        return at

    def _end_of(self, fact: str) -> int | None:
        """Return an instant; of a day alone its last one (Civil Code 2015, article 148.6)."""
        if not self._value(fact):
            return None
        moment = self._moment(fact)
        if isinstance(moment, datetime):
            return self._instant(moment)
        return self._instant(datetime.combine(moment, time.max))

    def _is_midnight(self, fact: str) -> bool:
        moment = self._moment(fact) if self._value(fact) else None
        return isinstance(moment, datetime) and moment.time() == time.min

    def _moment(self, fact: str) -> date | datetime:
        text, formats = self._needed(fact), self._mapping.time_formats
        try:
            moment = parse_time(text, formats)
        except ValueError:
            known = "ISO 8601" if formats == [ISO] else " or ".join(formats)
            raise self._wrong(fact, f"{text!r} is no time in {known}") from None
        if not EARLIEST <= moment.year <= LATEST:
            raise self._wrong(fact, f"{text!r} does not lie between {EARLIEST} and {LATEST}")
        return moment

    def _instant(self, moment: date | datetime) -> int:
        if not isinstance(moment, datetime):
            moment = datetime.combine(moment, time.min)
        return from_datetime(moment if moment.tzinfo else moment.replace(tzinfo=self._zone))

    def _not_ahead(self, fact: str, at: int) -> None:
        if lies_ahead(at, self._now):
            raise self._wrong(fact, f"{self._value(fact)!r} lies in the future")

    def _wrong(self, fact: str, rule: str) -> WrongValue:
        return WrongValue(f"{self._mapping.name_of(fact)}: {rule}")
