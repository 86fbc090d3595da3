"""Reads escalation policies from a TOML file. ``escalation.toml`` explains every key."""

from __future__ import annotations

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
VARIABLE = "ROUTING_ESCALATION_POLICIES"
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
        raise broken("when", TEXTS.text("policy.when"))
    return {"after" if text.startswith("+") else "lead": duration}


def _is_unit_rule(unit: str) -> bool:
    return unit in _RELATIVE or (unit != "" and _UNIT.fullmatch(unit) is not None)


_Name = Annotated[str, must(_NAME.fullmatch, "name", TEXTS.text("policy.name"))]


class _Level(DocumentTable):
    name: _Name
    role: _Name
    unit: Annotated[str, must(_is_unit_rule, "unit", TEXTS.text("policy.unit_rule"))] = STEP_UNIT
    of: Literal["step", "dossier", "both", "check"] = "both"
    when: Annotated[dict[str, Any], BeforeValidator(_when)]


class _Policy(DocumentTable):
    unit: Annotated[str, must(_UNIT.fullmatch, "unit", TEXTS.text("policy.unit"))]
    level: Annotated[list[_Level], Field(max_length=10, default_factory=list)]


class _File(DocumentTable):
    policy: list[_Policy]


def configured_policies(own: Path | None, units: Collection[str]) -> EscalationPolicies:
    """Return the policies of the office's own file, which ``VARIABLE`` names; without it, those
    shipped.

    ``units`` are the codes of the office's units; its roles are those of the permissions.
    """
    reader = open_toml(own, VARIABLE) if own else open_toml(SHIPPED)
    return read_policies(reader, shipped().roles, units)


def load_policies(path: Path, roles: Collection[str], units: Collection[str]) -> EscalationPolicies:
    """Read and check the policies in a file; ``roles`` and ``units`` are those of the office."""
    return read_policies(open_toml(path), roles, units)


def read_policies(
    reader: DocumentReader, roles: Collection[str], units: Collection[str]
) -> EscalationPolicies:
    """Return the policies of a document; raise ``DocumentError`` with all mistakes."""
    file = read_document(_File, reader)
    with reader.rule():
        _check(file.policy if file else [], reader, roles, units)
    reader.raise_mistakes()
    return EscalationPolicies(
        {
            policy.unit: EscalationPolicy(
                tuple(
                    Stage(level.name, level.role, level.unit, of=level.of, **level.when)
                    for level in policy.level
                )
            )
            for policy in (file.policy if file else ())
        }
    )


def _check(
    policies: list[_Policy], reader: DocumentReader, roles: Collection[str], units: Collection[str]
) -> None:
    """Refuse a role or unit that there is not: nobody would be notified of its level."""
    seen: set[str] = set()
    for policy in policies:
        with reader.rule():
            if policy.unit in seen:
                reader.wrong((*policy.path, "unit"), "twice", TEXTS.text("policy.unit_twice"))
            seen.add(policy.unit)
        names: set[str] = set()
        for level in getattr(policy, "level", ()):
            with reader.rule():
                if level.name in names:
                    reader.wrong((*level.path, "name"), "twice", TEXTS.text("policy.name_twice"))
                names.add(level.name)
            with reader.rule():
                if level.role not in roles:
                    known = ", ".join(sorted(roles))
                    text = TEXTS.text("policy.no_role", role=level.role, known=known)
                    reader.wrong((*level.path, "role"), "role", text)
            with reader.rule():
                if level.unit not in _RELATIVE and level.unit not in units:
                    text = TEXTS.text("policy.no_unit", unit=level.unit)
                    reader.wrong((*level.path, "unit"), "unit", text)
            with reader.rule():
                if level.of == CHECK and level.when:
                    reader.wrong((*level.path, "when"), "check", TEXTS.text("policy.check"))
