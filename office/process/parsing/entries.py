"""The tables of a process in its file. docs/processes.md explains the keys."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, Field

from kernel.documents.reading import DocumentTable
from kernel.documents.rules import broken, must, one_of
from kernel.messages.catalogue import BilingualText
from office.process.model.conditions import CHANNELS, LEVELS, RESULT_CHANNELS
from office.process.model.process import FactKind
from office.texts import OFFICE_TEXTS
from office.worktime.durations import NO_DURATION, Duration, DurationError, DurationUnit
from office.worktime.warning_rule import WarningRule

NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,39}")
_LINE: Final = re.compile(r".{1,200}")
_UNIT: Final = re.compile(r"[0-9A-Z]+(\.[0-9A-Z]+)*")
_PROCEDURE: Final = re.compile(r"[0-9]\.[0-9]{6}(\.[0-9A-Z]+)*")
DOCUMENT_KINDS: Final = ("result", "supplement", "return", "apology")
_NUMBER: Final = re.compile(r"-?\d{1,9}", re.ASCII)
_NATIONAL_STATES: Final = ("2", "4", "6", "8")
"""The states of a step on the national portal; the others are starts, ends and supplements."""
_MOST: Final = 10**9
_NONE: Any = Field(default_factory=list)
_FILLED: Final = Field(min_length=1)


def _form(form: re.Pattern[str], text: BilingualText, *words: str) -> AfterValidator:
    """Return a validator of texts that have a form, or are one of some words."""
    return must(lambda value: value in words or form.fullmatch(value), "value", text)


def _converted(read: Callable[[str], object]) -> BeforeValidator:
    """Return a validator that reads a text; what is no text is left to the type of the field."""
    return BeforeValidator(lambda value: read(value) if isinstance(value, str) else value)


def _number(low: int, high: int) -> BeforeValidator:
    def read(text: str) -> int:
        if not _NUMBER.fullmatch(text) or not low <= int(text) <= high:
            raise broken("value", OFFICE_TEXTS.text("process.number", low=low, high=high))
        return int(text)

    return _converted(read)


def _flag(text: str) -> bool:
    if text not in ("true", "false"):
        raise broken("value", OFFICE_TEXTS.text("process.flag"))
    return text == "true"


def _duration(text: str) -> Duration:
    try:
        return Duration.parse(text)
    except DurationError as error:
        raise broken("value", error.words) from error


def _warning(text: str) -> WarningRule:
    try:
        return WarningRule.parse(text)
    except ValueError as error:
        raise broken("value", OFFICE_TEXTS.text("process.warning")) from error


def _once(values: list[str]) -> list[str]:
    again = next((value for place, value in enumerate(values) if value in values[:place]), None)
    if again is not None:
        raise broken("duplicate", OFFICE_TEXTS.text("process.value_twice", value=again))
    return values


_LISTED: Final = (_converted(lambda text: [text]), AfterValidator(_once))
"""A list of texts; a text alone is a list of one."""
_Line = Annotated[str, _FILLED, _form(_LINE, OFFICE_TEXTS.text("process.line"))]
_Name = Annotated[str, _FILLED, _form(NAME, OFFICE_TEXTS.text("process.name"))]
_Review = Annotated[str, _FILLED, _form(NAME, OFFICE_TEXTS.text("process.review"))]
_UnitRule = Annotated[
    str, _FILLED, _form(_UNIT, OFFICE_TEXTS.text("process.unit_rule"), "dossier", "parent")
]
_Unit = Annotated[str, _FILLED, _form(_UNIT, OFFICE_TEXTS.text("process.unit"))]
_Procedure = Annotated[str, _FILLED, _form(_PROCEDURE, OFFICE_TEXTS.text("process.procedure"))]
_Flag = Annotated[bool, _converted(_flag)]
_Duration = Annotated[Duration, _converted(_duration)]
_Warning = Annotated[WarningRule, _converted(_warning)]
_Texts = Annotated[list[str], *_LISTED]
_Bound = Annotated[int, _number(-_MOST, _MOST)]


class TitleEntry(DocumentTable):
    """A ``title``."""

    vi: _Line
    en: _Line


class BetweenEntry(DocumentTable):
    """The bounds of a number."""

    min: _Bound | None = None
    max: _Bound | None = None


class ConditionEntry(DocumentTable):
    """A ``when``: every key of it has to hold."""

    channel: Annotated[list[Annotated[str, one_of(CHANNELS)]], *_LISTED] = _NONE
    level: Annotated[list[Annotated[str, one_of(LEVELS)]], *_LISTED] = _NONE
    result_channel: Annotated[list[Annotated[str, one_of(RESULT_CHANNELS)]], *_LISTED] = _NONE
    procedure: Annotated[list[_Procedure], *_LISTED] = _NONE
    unit: Annotated[list[_Unit], *_LISTED] = _NONE
    supplement_rounds: BetweenEntry | None = None
    stated: dict[str, Any] = Field(default_factory=dict)
    negated: Annotated[ConditionEntry | None, Field(alias="not")] = None
    any: list[ConditionEntry] = _NONE


class TransitionEntry(DocumentTable):
    """An entry of ``transitions``."""

    name: _Name
    title: TitleEntry
    to: _Name
    when: ConditionEntry | None = None
    back: _Flag = False


class TimerEntry(DocumentTable):
    """An entry of ``timers``."""

    after: _Duration = NO_DURATION
    take: _Name = ""


class ConsultationEntry(DocumentTable):
    """An entry of ``consultations``."""

    name: _Name
    title: TitleEntry
    unit: _UnitRule
    role: _Name = "specialist"
    time_limit: Annotated[_Duration, Field(alias="limit")] = NO_DURATION
    waits: _Flag = True
    when: ConditionEntry | None = None


class ChildEntry(DocumentTable):
    """An entry of ``children``."""

    name: _Name
    title: TitleEntry
    procedure: _Procedure
    waits: _Flag = True
    when: ConditionEntry | None = None


class StepEntry(DocumentTable):
    """An entry of ``steps``."""

    name: _Name
    title: TitleEntry
    unit: _UnitRule
    role: _Name
    national_state: Annotated[str, one_of(_NATIONAL_STATES)]
    time_limit: Annotated[_Duration, Field(alias="limit")] = NO_DURATION
    resolves: _Flag = False
    warning: _Warning | None = None
    states: _Texts = _NONE
    transitions: list[TransitionEntry] = _NONE
    timers: list[TimerEntry] = _NONE
    consultations: list[ConsultationEntry] = _NONE
    children: list[ChildEntry] = _NONE


class FactEntry(DocumentTable):
    """An entry of ``facts``."""

    name: _Name
    title: TitleEntry
    kind: Annotated[FactKind, Field(strict=False)] = FactKind.CHOICE
    values: _Texts = _NONE
    titles: dict[str, TitleEntry] = Field(default_factory=dict)


class DocumentEntry(DocumentTable):
    """An entry of ``documents``."""

    name: Annotated[str, one_of(DOCUMENT_KINDS)]
    review: _Review = "head"
    sign: _Name = "leader"
    required: _Flag = False


class SupplementEntry(DocumentTable):
    """The ``supplement`` of a process."""

    rounds: Annotated[int, _number(0, 20)] = 3
    period: _Duration = Duration(Fraction(30), DurationUnit.CALENDAR_DAY)


class ProcessEntry(DocumentTable):
    """A document of a file."""

    process: _Name
    version: Annotated[int, _number(1, 10_000)]
    title: TitleEntry
    warning: _Warning = WarningRule.parse("4wh")
    first_action_within: _Duration = Duration(Fraction(1), DurationUnit.WORKING_DAY)
    supplement: SupplementEntry = SupplementEntry()
    facts: list[FactEntry] = _NONE
    documents: list[DocumentEntry] = _NONE
    steps: Annotated[list[StepEntry], Field(min_length=1)]
