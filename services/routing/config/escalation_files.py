"""Reads escalation policies from a TOML file. ``escalation.toml`` explains every key.

Whatever is wrong raises ``EscalationFileError``, which names the file, the policy, the level and
the rule.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Collection
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

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

SHIPPED = Path(__file__).with_name("escalation.toml")
VARIABLE = "ROUTING_ESCALATION_POLICIES"
_PERCENT = re.compile(r"([1-9]\d?)%")
_RELATIVE = (STEP_UNIT, DOSSIER_UNIT, PARENT)
_UNIT = r"^([0-9A-Z]+(\.[0-9A-Z]+)*)?$"


class EscalationFileError(ValueError):
    """A policy that can't be used; ``where`` names policy and level."""

    def __init__(self, where: str, rule: str) -> None:
        super().__init__(f"{where}: {rule}")
        self.where = where
        self.rule = rule


def configured_policies(units: Collection[str]) -> EscalationPolicies:
    """Return the policies of the file that ``VARIABLE`` names; without it, those shipped.

    ``units`` are the codes of the office's units; its roles are those of the permissions.
    """
    own = os.environ.get(VARIABLE)
    if not own:
        return load_policies(SHIPPED, shipped().roles, units)
    try:
        return load_policies(Path(own), shipped().roles, units)
    except EscalationFileError as error:
        raise EscalationFileError(f"{VARIABLE}: {error.where}", error.rule) from error


def load_policies(path: Path, roles: Collection[str], units: Collection[str]) -> EscalationPolicies:
    """Read and check the policies in a file; ``roles`` and ``units`` are those of the office."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise EscalationFileError(str(path), error.strerror or "unreadable") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise EscalationFileError(str(path), f"is no TOML: {error}") from error
    try:
        return parse_policies(content, roles, units)
    except EscalationFileError as error:
        raise EscalationFileError(f"{path}: {error.where}", error.rule) from error


def parse_policies(
    content: dict[str, Any], roles: Collection[str], units: Collection[str]
) -> EscalationPolicies:
    """Read and check the policies of a TOML document that was parsed already."""
    try:
        found = _File.model_validate(content)
    except ValidationError as error:
        raise _mistake(error) from error
    _check_recipients_exist(found, roles, units)
    policies: dict[str, EscalationPolicy] = {}
    for policy in found.policy:
        if policy.unit in policies:
            raise EscalationFileError(
                f"policy {policy.unit!r}", "there are two policies of this unit"
            )
        names = [level.name for level in policy.level]
        if len(set(names)) != len(names):
            raise EscalationFileError(f"policy {policy.unit!r}", "two levels have one name")
        policies[policy.unit] = EscalationPolicy(tuple(level.stage() for level in policy.level))
    return EscalationPolicies(policies)


def _check_recipients_exist(found: _File, roles: Collection[str], units: Collection[str]) -> None:
    """Refuse roles and units that there are not: nobody would be notified of their level."""
    for number, policy in enumerate(found.policy, 1):
        for place, level in enumerate(policy.level, 1):
            where = f"policy {number}, level {place}"
            if level.role not in roles:
                known = ", ".join(sorted(roles))
                raise EscalationFileError(
                    f"{where}, role", f"there is no role {level.role}; {known}"
                )
            if level.unit not in _RELATIVE and level.unit not in units:
                raise EscalationFileError(f"{where}, unit", f"there is no unit {level.unit}")


def _when(value: Any) -> dict[str, Any]:
    text = value if isinstance(value, str) else repr(value)
    if text == "due":
        return {}
    if match := _PERCENT.fullmatch(text):
        return {"share": Fraction(int(match[1]), 100)}
    name = "after" if text.startswith("+") else "lead"
    try:
        duration = Duration.parse(text.removeprefix("+"))
    except DurationError as error:
        raise ValueError("must look like due, 4wh, 1wd, 75% or +1wd") from error
    if duration == NO_DURATION:
        raise ValueError("must look like due, 4wh, 1wd, 75% or +1wd")
    return {name: duration}


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _Level(_Table):
    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
    role: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
    unit: Annotated[
        str, Field(pattern=r"^(step|dossier|parent|[0-9A-Z]+(\.[0-9A-Z]+)*)$", max_length=35)
    ] = STEP_UNIT
    of: Literal["step", "dossier", "both", "check"] = "both"
    when: Annotated[dict[str, Any], BeforeValidator(_when)]

    @model_validator(mode="after")
    def _check_is_due(self) -> Self:
        if self.of == CHECK and self.when:
            raise ValueError("a level of the check is reached when it was missed: when must be due")
        return self

    def stage(self) -> Stage:
        """Return the level as a value."""
        return Stage(self.name, self.role, self.unit, of=self.of, **self.when)


class _Policy(_Table):
    unit: Annotated[str, Field(pattern=_UNIT, max_length=35)]
    level: Annotated[list[_Level], Field(max_length=10)] = []


class _File(_Table):
    policy: list[_Policy]


def _mistake(error: ValidationError) -> EscalationFileError:
    first = error.errors(include_url=False)[0]
    where = ""
    for part in first["loc"]:
        where += f" {part + 1}" if isinstance(part, int) else f", {part}"
    rule = first["msg"].removeprefix("Value error, ")
    return EscalationFileError(where.removeprefix(", ") or "file", rule)
