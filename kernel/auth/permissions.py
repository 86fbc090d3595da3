"""Who may do what: one table for every method of every service, read from one file.

The door looks here before a handler runs: the kind of caller, and the roles of an officer. Which
unit is meant is known only to the service, which calls ``own_unit`` for methods whose rule says
``unit = "dossier"``, ``restricted`` for ``unit = "part"``, and its own decisions for ``unit =
"step"`` and ``unit = "case"``.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from motcua.events.v1.common_pb2 import Actor, ActorKind

from kernel.auth import messages, tokens
from kernel.base.errors import Failure, Forbidden

if TYPE_CHECKING:
    from kernel.auth.identity import Caller

STEP: Final = "step"
CASE: Final = "case"
PART: Final = "part"
GUEST: Final = ActorKind.ACTOR_KIND_UNSPECIFIED
KINDS: Final[Mapping[str, ActorKind]] = {
    "guest": GUEST,
    **tokens.KINDS,
    "partner": ActorKind.ACTOR_KIND_PARTNER,
}
UNITS: Final = ("any", "dossier", STEP, CASE, PART)
_NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_FIELDS: Final = {"kinds", "roles", "unit"}


class PermissionsError(ValueError):
    """The table can't be used; the message names the method and the rule."""


@dataclass(frozen=True, slots=True)
class Role:
    """A role of an officer, in words."""

    name: str
    vi: str
    en: str


@dataclass(frozen=True, slots=True)
class Rule:
    """Who may call one method."""

    kinds: frozenset[int]
    roles: frozenset[str] = frozenset()
    """An officer needs one of them; none named means any officer."""
    unit: str = "any"
    """``any``; ``dossier``: the dossier's unit is an officer's own or below; ``step``: the unit
    that has to do the current step is, and without ``roles`` the step's own role is asked for;
    ``case``: the case says which unit and role; ``part``: of reads, an officer sees the dossiers in
    which the own unit or they take part.
    """

    def check(self, actor: Actor, roles: frozenset[str], named: Mapping[str, Role]) -> None:
        """Raise ``Unauthenticated`` or ``Forbidden`` when this caller may not call."""
        if actor.kind not in self.kinds:
            raise messages.missing() if actor.kind == GUEST else _not_this_kind()
        if actor.kind == ActorKind.ACTOR_KIND_OFFICER and self.roles and not self.roles & roles:
            raise _role_missing([named[name] for name in sorted(self.roles)])


@dataclass(frozen=True)
class Permissions:
    """The whole table."""

    rules: Mapping[str, Rule]
    """By full name of the method, such as ``motcua.intake.v1.IntakeService/AcceptDossier``."""
    roles: Mapping[str, Role]
    path: Path
    """The file that it was read from."""

    def rule(self, method: str) -> Rule:
        """Return the rule of a method; raise ``PermissionsError`` that says what to add, and where,
        when there is none.
        """
        found = self.rules.get(method)
        if found is None:
            service, _, name = method.partition("/")
            raise PermissionsError(
                f'{method} has no rule. Add under ["{service}"] in {self.path}: '
                f'{name} = {{ kinds = ["officer"], roles = [...], unit = "..." }} '
                f"(kinds: {', '.join(KINDS)}; roles: {', '.join(self.roles)}; "
                f"unit: {', '.join(UNITS)})"
            )
        return found

    def check(self, service: str, methods: Iterable[str]) -> None:
        """Raise ``PermissionsError`` when a method of a service has no rule, or a rule of it no
        method.
        """
        expected = {f"{service}/{name}" for name in methods}
        for method in sorted(expected):
            self.rule(method)
        for method in sorted(self.rules):
            if method.startswith(f"{service}/") and method not in expected:
                raise PermissionsError(f"{self.path}: {method} is not a method")


def read_permissions(path: Path) -> Permissions:
    """Read a table; raise ``PermissionsError`` naming the method and what is wrong with it."""
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise PermissionsError(f"{path}: {error}") from error
    named = {name: _role(name, row, path) for name, row in document.pop("roles", {}).items()}
    rules: dict[str, Rule] = {}
    for service, rows in document.items():
        for name, row in rows.items():
            rules[f"{service}/{name}"] = _rule(row, named, f"{path}: {service}/{name}")
    return Permissions(rules, named, path)


def _role(name: str, row: Any, path: Path) -> Role:
    texts = row if isinstance(row, dict) else {}
    if not _NAME.fullmatch(name) or set(texts) != {"vi", "en"}:
        raise PermissionsError(f"{path}: role {name} must have a plain name, and vi and en")
    return Role(name, texts["vi"], texts["en"])


def _rule(row: Any, named: Mapping[str, Role], where: str) -> Rule:
    if not isinstance(row, dict) or set(row) - _FIELDS:
        raise PermissionsError(f"{where}: must have kinds, and may have roles and unit")
    kinds, roles, unit = row.get("kinds", []), row.get("roles", []), row.get("unit", "any")
    _known(kinds, KINDS, "kind", where)
    _known(roles, named, "role", where)
    if not kinds:
        raise PermissionsError(f"{where}: names no kind of caller")
    if unit not in UNITS:
        raise PermissionsError(f"{where}: unit must be one of {', '.join(UNITS)}")
    if (roles or unit != "any") and "officer" not in kinds:
        raise PermissionsError(f"{where}: roles and unit are for officers, who may not call it")
    return Rule(frozenset(KINDS[kind] for kind in kinds), frozenset(roles), unit)


def _known(given: Any, known: Iterable[str], what: str, where: str) -> None:
    if not isinstance(given, list):
        raise PermissionsError(f"{where}: {what}s must be a list")
    for name in given:
        if name not in known:
            raise PermissionsError(f"{where}: unknown {what} {name}")


def below(unit: str, above: str) -> bool:
    """Return whether ``unit`` is ``above`` or lies below it (H22.60.05 below H22.60)."""
    return unit == above or (bool(above) and unit.startswith(f"{above}."))


def own_unit(
    rule: Rule | None, actor: Actor, unit: str, covers: Callable[[str, str], bool] = below
) -> None:
    """Raise ``Forbidden`` when the rule is for the dossier's unit, and ``unit`` is not the
    officer's own or below; ``covers(unit, own)`` tells. Who is no officer is not asked.
    """
    if rule is None or rule.unit != "dossier" or actor.kind != ActorKind.ACTOR_KIND_OFFICER:
        return
    if not covers(unit, actor.unit):
        raise not_your_unit()


def restricted(who: Caller) -> bool:
    """Return whether the rule shows this caller only the dossiers in which they take part.

    A handler under such a rule has to ask: the door does not let out an answer of one that did not.
    """
    who.judged = True
    of_part = who.rule is not None and who.rule.unit == PART
    return of_part and who.actor.kind == ActorKind.ACTOR_KIND_OFFICER


def not_your_unit() -> Failure:
    """Return what is said to an officer who asks for a dossier of others."""
    return Forbidden(
        "hồ sơ này không thuộc đơn vị của người gọi",
        "this dossier is not of the caller's unit",
        "NOT_YOUR_UNIT",
    )


def _not_this_kind() -> Failure:
    return Forbidden(
        "không được phép gọi chức năng này",
        "this caller may not use this method",
        "KIND_NOT_ALLOWED",
    )


def _role_missing(roles: list[Role]) -> Failure:
    return Forbidden(
        f"cần có vai trò: {' hoặc '.join(role.vi for role in roles)}",
        f"this needs the role: {' or '.join(role.en for role in roles)}",
        "ROLE_MISSING",
    )
