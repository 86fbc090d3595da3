"""Procedures made for tests: one that is right, and Hypothesis's idea of many."""

from __future__ import annotations

import copy
import json
import unicodedata
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from motcua.events.v1.common_pb2 import Channel, ResultChannel, ResultKind, ServiceLevel
from motcua.intake.v1.types_pb2 import FeeTiming

from office.catalogue.model import (
    Catalogue,
    CatalogueUnit,
    Condition,
    CopyKind,
    ExemptGroup,
    Fee,
    FeeKind,
    FeePer,
    Field,
    Part,
    Procedure,
    UnitLevel,
    build_catalogue,
)
from office.catalogue.schema import first_control_character
from office.worktime.durations import Duration, TimeLimit

UNITS = (
    CatalogueUnit("H22", "Tỉnh", "Province", UnitLevel.PROVINCE),
    CatalogueUnit("H22.02", "Sở Công Thương", "Trade", UnitLevel.PROVINCE),
    CatalogueUnit("H22.12", "Thành phố", "City", UnitLevel.DISTRICT),
)
PROCEDURE: dict[str, Any] = {
    "code": "1.000001",
    "version": 1,
    "name_vi": "Cấp giấy phép",
    "name_en": "Licence",
    "field": "G02",
    "unit": "H22.02",
    "units": ["district"],
    "valid_from": "2021-01-01",
    "level": "whole",
    "time_limit": "5wd",
    "online_time_limit": "4wd",
    "same_day": False,
    "channels": ["online", "counter"],
    "result_channels": ["online", "post"],
    "result_kind": "signed",
    "process": "standard",
    "resume_policy": "keep",
    "fee_timing": "before",
    "parts": [{"code": "don", "name_vi": "Đơn", "name_en": "Application", "form": "01/ĐN"}],
    "fees": [{"kind": "phi", "name_vi": "Phí", "name_en": "Fee", "amount": 5000}],
    "conditions": [{"name_vi": "Đủ tuổi", "name_en": "Of age"}],
    "exempt": [{"code": "ngheo", "name_vi": "Hộ nghèo", "name_en": "Poor"}],
}
DOCUMENT: dict[str, Any] = {
    "format": "motcua-procedures/1",
    "fields": [{"code": "G02", "name_vi": "Thương mại", "name_en": "Trade"}],
    "procedures": [PROCEDURE],
}


def empty() -> Catalogue:
    """Return a catalogue of units alone."""
    return build_catalogue(UNITS, [], [], "00000000")


def document(*changes: dict[str, Any]) -> dict[str, Any]:
    """Return a document with a procedure for each set of changes; None leaves a key out."""
    made = copy.deepcopy(DOCUMENT)
    made["procedures"] = [
        {k: v for k, v in (copy.deepcopy(PROCEDURE) | changed).items() if v is not None}
        for changed in changes or ({},)
    ]
    return made


def saved(folder: Path, *changes: dict[str, Any], name: str = "new.json") -> Path:
    """Write such a document to a file."""
    path = folder / name
    path.write_text(json.dumps(document(*changes)), encoding="utf-8")
    return path


_LETTERS = st.characters(exclude_categories=("Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp"))
_SHARP = st.sampled_from(["=1+1", "+84", "-2", "@SUM", "'", "'=", "''", '"', ";", ",", "x005F_"])


def _is_text(text: str) -> bool:
    return text == text.strip() and bool(text) and first_control_character(text) is None


TEXTS = (
    st.lists(st.text(_LETTERS, max_size=8) | _SHARP, min_size=1, max_size=4)
    .map("".join)
    .map(partial(unicodedata.normalize, "NFC"))
    .filter(_is_text)
)
_NAMES = {"name_vi": TEXTS, "name_en": TEXTS}
_CODES = st.from_regex(r"[0-9A-Za-z-]{1,8}", fullmatch=True)
_FEES = st.lists(
    st.builds(
        Fee,
        kind=st.sampled_from(FeeKind),
        amount=st.integers(0, 10**12),
        per=st.sampled_from(FeePer),
        **_NAMES,
    ),
    max_size=3,
)
_PARTS = st.lists(
    st.builds(
        Part,
        code=_CODES,
        kind=st.sampled_from(CopyKind),
        copies=st.integers(1, 99),
        required=st.booleans(),
        form=st.just("") | TEXTS,
        **_NAMES,
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda part: part.code,
)
_WAYS = st.lists(st.sampled_from([1, 2, 3]), min_size=1, max_size=3, unique=True)


@st.composite
def versions(draw: st.DrawFn, code: str, number: int) -> Procedure:
    """Draw a version that is right in itself; each number begins in a year of its own."""
    fees = tuple(draw(_FEES))
    online = draw(st.booleans())
    channels = draw(_WAYS.filter(lambda found: not online or 1 in found))
    results = draw(_WAYS)
    whole = 1 in channels and results != [ResultChannel.RESULT_CHANNEL_COUNTER]
    levels = [ServiceLevel.SERVICE_LEVEL_PARTIAL] + whole * [ServiceLevel.SERVICE_LEVEL_WHOLE]
    exempt = draw(st.lists(st.builds(ExemptGroup, code=_CODES, **_NAMES), max_size=2,
                           unique_by=lambda group: group.code)) if fees else []  # fmt: skip
    ends = draw(st.none() | st.dates(date(2000 + number, 7, 1), date(2000 + number, 12, 31)))
    return Procedure(
        code=code,
        version=number,
        valid_from=draw(st.dates(date(2000 + number, 1, 1), date(2000 + number, 6, 30))),
        valid_to=ends,
        name_vi=draw(TEXTS),
        name_en=draw(TEXTS),
        field="G02",
        unit=draw(st.sampled_from([unit.code for unit in UNITS])),
        level=draw(st.sampled_from(levels)),
        time_limit=TimeLimit.parse(draw(st.sampled_from(["5wd", "0.5wd", "1/3wd", "5cd+3wd"]))),
        online_time_limit=TimeLimit.parse("1wh") if online else None,
        same_day=False,
        parts=tuple(draw(_PARTS)),
        fees=fees,
        channels=tuple(Channel.ValueType(channel) for channel in channels),
        result_channels=tuple(ResultChannel.ValueType(channel) for channel in results),
        process=draw(st.sampled_from(["standard", "simple"])),
        resume_policy=draw(st.sampled_from(["keep", "restart"])),
        units=tuple(draw(st.lists(st.sampled_from(["H22", "commune"]), unique=True))),
        conditions=tuple(draw(st.lists(st.builds(Condition, **_NAMES), max_size=2))),
        fee_timing=draw(st.sampled_from([1, 2])) if fees else FeeTiming.FEE_TIMING_UNSPECIFIED,
        exempt=tuple(exempt),
        result_kind=draw(st.sampled_from([1, 2, ResultKind.RESULT_KIND_PAPER])),
        supplement_rounds=draw(st.sampled_from([None, 1, 20])),
        supplement_period=draw(st.sampled_from([None, Duration.parse("10cd")])),
    )


@st.composite
def catalogues(draw: st.DrawFn) -> Catalogue:
    """Draw a catalogue of up to three procedures with up to three versions each."""
    found = [
        draw(versions(f"1.00000{place}", number))
        for place in range(draw(st.integers(1, 3)))
        for number in range(1, 1 + draw(st.integers(1, 3)))
    ]
    return build_catalogue(UNITS, [Field("G02", draw(TEXTS), draw(TEXTS))], found, "11111111")
