"""Reads escalation policies from a TOML file. ``escalation.toml`` explains every key."""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field

from kernel.documents.reading import DocumentReader, DocumentTable, open_toml, read_document
from kernel.documents.rules import broken, must
from office.permissions import shipped
from office.worktime.durations import NO_DURATION, Duration, DurationError
from services.routing.domain.escalation import (
    CHECK,
    DOSSIER_UNIT,
    PARENT,
    STEP_UNIT,
    EscalationPolicies,
    EscalationPolicy,
    Stage,
)
from services.routing.domain.refusals.case import TEXTS

SHIPPED = Path(__file__).with_name("escalation.toml")
VARIABLE = "ROUTING_LADDERS"
_PERCENT: Final = re.compile(r"([1-9]\d?)%")
_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,39}")
_UNIT: Final = re.compile(r"(?=.{0,35}\Z)([0-9A-Z]+(\.[0-9A-Z]+)*)?")
_RELATIVE: Final = (STEP_UNIT, DOSSIER_UNIT, PARENT)


def _when(value: Any) -> dict[str, Any]:
    text = value if isinstance(value, str) else repr(value)
    if text == "due":
        return {}
    if match := _PERCENT.fullmatch(text):
        return {"share": Fraction(int(match[1]), 100)}
    try:
        duration = Duration.parse(text.removeprefix("+"))
    except DurationError:
        duration = NO_DURATION
    if duration == NO_DURATION:
        raise broken("when", TEXTS.text("ladder.when"))
    return {"after" if text.startswith("+") else "lead": duration}


def _is_unit_rule(unit: str) -> bool:
    return unit in _RELATIVE or (unit != "" and _UNIT.fullmatch(unit) is not None)


_Name = Annotated[str, must(_NAME.fullmatch, "name", TEXTS.text("ladder.name"))]


class _Rung(DocumentTable):
    name: _Name
    role: _Name
    unit: Annotated[str, must(_is_unit_rule, "unit", TEXTS.text("ladder.unit_rule"))] = STEP_UNIT
    of: Literal["step", "dossier", "both", "check"] = "both"
    when: Annotated[dict[str, Any], BeforeValidator(_when)]


class _Ladder(DocumentTable):
    unit: Annotated[str, must(_UNIT.fullmatch, "unit", TEXTS.text("ladder.unit"))]
    rung: Annotated[list[_Rung], Field(max_length=10, default_factory=list)]


class _File(DocumentTable):
    ladder: list[_Ladder]


def configured_ladders(units: Collection[str]) -> EscalationPolicies:
    """Return the ladders of the file that ROUTING_LADDERS names; without it, those shipped.

    ``units`` are the codes of the office's units; its roles are those of the permissions.
    """
    own = os.environ.get(VARIABLE)
    path, setting = (Path(own), VARIABLE) if own else (SHIPPED, "")
    return read_ladders(open_toml(path, setting), shipped().roles, units)


def load_ladders(path: Path, roles: Collection[str], units: Collection[str]) -> EscalationPolicies:
    """Read and check the ladders in a file; ``roles`` and ``units`` are those of the office."""
    return read_ladders(open_toml(path), roles, units)


def read_ladders(
    reader: DocumentReader, roles: Collection[str], units: Collection[str]
) -> EscalationPolicies:
    """Return the ladders of a document; raise ``DocumentError`` with all mistakes."""
    file = read_document(_File, reader)
    with reader.rule():
        _check(file.ladder if file else [], reader, roles, units)
    reader.raise_mistakes()
    return EscalationPolicies(
        {
            ladder.unit: EscalationPolicy(
                tuple(
                    Stage(rung.name, rung.role, rung.unit, of=rung.of, **rung.when)
                    for rung in ladder.rung
                )
            )
            for ladder in (file.ladder if file else ())
        }
    )


def _check(
    ladders: list[_Ladder], reader: DocumentReader, roles: Collection[str], units: Collection[str]
) -> None:
    """A role or unit that there is not is held by nobody, and its rung would be told to nobody."""
    seen: set[str] = set()
    for ladder in ladders:
        with reader.rule():
            if ladder.unit in seen:
                reader.wrong((*ladder.path, "unit"), "twice", TEXTS.text("ladder.unit_twice"))
            seen.add(ladder.unit)
        names: set[str] = set()
        for rung in getattr(ladder, "rung", ()):
            with reader.rule():
                if rung.name in names:
                    reader.wrong((*rung.path, "name"), "twice", TEXTS.text("ladder.name_twice"))
                names.add(rung.name)
            with reader.rule():
                if rung.role not in roles:
                    known = ", ".join(sorted(roles))
                    text = TEXTS.text("ladder.no_role", role=rung.role, known=known)
                    reader.wrong((*rung.path, "role"), "role", text)
            with reader.rule():
                if rung.unit not in _RELATIVE and rung.unit not in units:
                    text = TEXTS.text("ladder.no_unit", unit=rung.unit)
                    reader.wrong((*rung.path, "unit"), "unit", text)
            with reader.rule():
                if rung.of == CHECK and rung.when:
                    reader.wrong((*rung.path, "when"), "check", TEXTS.text("ladder.check"))
