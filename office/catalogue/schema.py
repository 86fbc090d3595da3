"""The schema of the entries in catalogue files."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from kernel.documents.reading import DocumentTable
from kernel.documents.rules import broken, must
from kernel.messages.catalogue import BilingualText
from kernel.rpc.validation.normalizers import Malformed
from office.catalogue.messages import CODE, TEXTS, breaks
from office.catalogue.model import CopyKind, FeeKind, FeePer, UnitLevel
from office.normalization.phone_numbers import phone_number
from office.worktime.durations import NO_DURATION, Duration, DurationError, TimeLimit


def _form(pattern: str, description: BilingualText) -> AfterValidator:
    text = TEXTS.text("text.pattern", value=description)
    return must(re.compile(pattern, re.ASCII).fullmatch, "text.pattern", text)


def _duration(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return TimeLimit.parse(value)
    except DurationError as error:
        raise broken("duration", error.words) from error


def _period(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        period = Duration.parse(value)
    except DurationError as error:
        raise broken("duration", error.words) from error
    if period == NO_DURATION:
        raise breaks("supplement.endless")
    return period


def _tidy(text: str) -> str:
    """Return a text; raise for control characters, decomposed Unicode and outer blanks."""
    strange = first_control_character(text)
    if strange is not None:
        raise breaks("text.control", f"{ord(strange):04X}")
    if not unicodedata.is_normalized("NFC", text):
        raise breaks("text.form")
    if text != text.strip():
        raise breaks("text.blank")
    return text


def _phone(text: str) -> str:
    """Return a phone number as it is kept; raise for what is none."""
    found = phone_number(text) if text else ""
    if isinstance(found, Malformed):
        raise breaks("unit.phone")
    return found


def first_control_character(text: str) -> str | None:
    """Return the first control, format or unassigned character, such as a line end or a
    bidirectional mark; None for none.
    """
    if text.isascii() and text.isprintable():
        return None
    kinds = ("Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp")
    return next((c for c in text if unicodedata.category(c) in kinds), None)


_AGENCY: Final = r"[0-9A-Z]+(\.[0-9A-Z]+)*"
_Text = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_tidy)]
_LongText = Annotated[str, Field(min_length=1, max_length=4000), AfterValidator(_tidy)]
_Form = Annotated[str, Field(max_length=200), AfterValidator(_tidy)]
_PartCode = Annotated[str, _form(r"[0-9A-Za-z-]{1,16}", TEXTS.text("form.PART"))]
_Limit = Annotated[TimeLimit, BeforeValidator(_duration)]
_Period = Annotated[Duration, BeforeValidator(_period)]
_Agency = Annotated[str, Field(max_length=35), _form(_AGENCY, TEXTS.text("form.AGENCY"))]
_UnitOrLevel = Annotated[
    str,
    Field(max_length=35),
    _form(rf"{_AGENCY}|province|district|commune", TEXTS.text("form.UNIT_OR_LEVEL")),
]
_Code = Annotated[str, _form(CODE, TEXTS.text("form.CODE"))]


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
    address: Annotated[str, Field(max_length=200), AfterValidator(_tidy)] = ""
    phone: Annotated[str, AfterValidator(_phone)] = ""


class FieldEntry(DocumentTable):
    """A ``[[field]]``."""

    code: Annotated[str, _form(r"[0-9A-Z-]{1,64}", TEXTS.text("form.FIELD"))]
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
    process: Annotated[str, _form(r"[a-z][a-z0-9-]{0,39}", TEXTS.text("form.PROCESS"))]
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

    code: _Code
    name_vi: _Text
    name_en: _Text
    field: str
    unit: str


class ProcedureEntry(DocumentTable):
    """A ``[[procedure]]``."""

    code: _Code
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
