"""The schema of the entries in catalogue files."""

from __future__ import annotations

import unicodedata
from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from kernel.documents.reading import DocumentTable
from office.catalogue.messages import AGENCY, CODE, FIELD, PART, PROCESS, UNIT_OR_LEVEL
from office.catalogue.model import CopyKind, FeeKind, FeePer, UnitLevel
from office.worktime.durations import NO_DURATION, Duration, DurationError, TimeLimit


def _rule_error(rule: str, value: object = "") -> PydanticCustomError:
    return PydanticCustomError("rule", "{rule}", {"rule": rule, "value": value})


def _duration_error(error: DurationError) -> PydanticCustomError:
    return PydanticCustomError("rule", "{rule}", {"rule": "duration", "words": error.words})


def _duration(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return TimeLimit.parse(value)
    except DurationError as error:
        raise _duration_error(error) from error


def _period(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        period = Duration.parse(value)
    except DurationError as error:
        raise _duration_error(error) from error
    if period == NO_DURATION:
        raise _rule_error("supplement.endless")
    return period


def _tidy(text: str) -> str:
    """Return a text; raise for control characters, decomposed Unicode and outer blanks."""
    strange = first_control_character(text)
    if strange is not None:
        raise _rule_error("text.control", f"{ord(strange):04X}")
    if not unicodedata.is_normalized("NFC", text):
        raise _rule_error("text.form")
    if text != text.strip():
        raise _rule_error("text.blank")
    return text


def first_control_character(text: str) -> str | None:
    """Return the first control, format or unassigned character, such as a line end or a
    bidirectional mark; None for none.
    """
    if text.isascii() and text.isprintable():
        return None
    kinds = ("Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp")
    return next((c for c in text if unicodedata.category(c) in kinds), None)


_Text = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_tidy)]
_LongText = Annotated[str, Field(min_length=1, max_length=4000), AfterValidator(_tidy)]
_Form = Annotated[str, Field(max_length=200), AfterValidator(_tidy)]
_PartCode = Annotated[str, Field(pattern=PART)]
_Limit = Annotated[TimeLimit, BeforeValidator(_duration)]
_Period = Annotated[Duration, BeforeValidator(_period)]
_Agency = Annotated[str, Field(max_length=35, pattern=AGENCY)]
_UnitOrLevel = Annotated[str, Field(max_length=35, pattern=UNIT_OR_LEVEL)]


class UnitEntry(DocumentTable):
    """A ``[[unit]]``."""

    code: _Agency
    name_vi: _Text
    name_en: _Text
    level: Annotated[UnitLevel, Field(strict=False)]
    valid_from: date | None = None
    valid_to: date | None = None
    old_code: Annotated[str, Field(max_length=13)] = ""
    old_code_to: date | None = None
    successor: Annotated[str, Field(max_length=35)] = ""


class FieldEntry(DocumentTable):
    """A ``[[field]]``."""

    code: Annotated[str, Field(pattern=FIELD)]
    name_vi: _Text
    name_en: _Text


class PartEntry(DocumentTable):
    """A paper in ``parts``."""

    code: _PartCode
    name_vi: _Text
    name_en: _Text
    kind: Annotated[CopyKind, Field(strict=False)] = CopyKind.ORIGINAL
    copies: Annotated[int, Field(ge=1, le=99)] = 1
    required: bool = True
    form: _Form = ""


class FeeEntry(DocumentTable):
    """A price in ``fees``."""

    kind: Annotated[FeeKind, Field(strict=False)]
    name_vi: _Text
    name_en: _Text
    amount: Annotated[int, Field(ge=0, le=10**12)]
    per: Annotated[FeePer, Field(strict=False)] = FeePer.DOSSIER


class ConditionEntry(DocumentTable):
    """What must hold, in ``conditions``."""

    name_vi: _LongText
    name_en: _LongText


class ExemptEntry(DocumentTable):
    """Who pays nothing, in ``exempt``."""

    code: _PartCode
    name_vi: _Text
    name_en: _Text


class VersionEntry(DocumentTable):
    """A ``[[procedure.version]]``."""

    version: Annotated[int, Field(ge=1)]
    valid_from: date
    valid_to: date | None = None
    level: Literal["whole", "partial"]
    time_limit: _Limit
    online_time_limit: _Limit | None = None
    same_day: bool = False
    parts: Annotated[list[PartEntry], Field(min_length=1)]
    fees: list[FeeEntry] = Field(default_factory=list)
    channels: Annotated[list[Literal["online", "counter", "post"]], Field(min_length=1)]
    result_channels: Annotated[list[Literal["online", "counter", "post"]], Field(min_length=1)]
    process: Annotated[str, Field(pattern=PROCESS)]
    resume_policy: Literal["keep", "restart"] = "keep"
    units: list[_UnitOrLevel] = Field(default_factory=list)
    conditions: list[ConditionEntry] = Field(default_factory=list)
    fee_timing: Literal["none", "before", "after"] = "none"
    exempt: list[ExemptEntry] = Field(default_factory=list)
    result_kind: Literal["electronic", "signed", "paper"] = "paper"
    supplement_rounds: Annotated[int, Field(ge=0, le=20)] | None = None
    supplement_period: _Period | None = None


class PublishedEntry(VersionEntry):
    """A version with the keys of its ``[[procedure]]``, as tables and JSON hold it."""

    code: Annotated[str, Field(pattern=CODE)]
    name_vi: _Text
    name_en: _Text
    field: str
    unit: str


class ProcedureEntry(DocumentTable):
    """A ``[[procedure]]``."""

    code: Annotated[str, Field(pattern=CODE)]
    name_vi: _Text
    name_en: _Text
    field: str
    unit: str
    version: Annotated[list[VersionEntry], Field(min_length=1)]


class UnitsFile(DocumentTable):
    """The file of units."""

    unit: Annotated[list[UnitEntry], Field(min_length=1)]


class ProceduresFile(DocumentTable):
    """The file of fields and procedures."""

    field: Annotated[list[FieldEntry], Field(min_length=1)]
    procedure: Annotated[list[ProcedureEntry], Field(min_length=1)]
