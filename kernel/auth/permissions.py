"""Permissions (authorization): who may call what, one table for all methods, from one file.

The call lifecycle asks it before a handler runs: the kind of caller, and the roles where the kind
holds some. Which kinds there are, and what a rule's scope means, is the application's: it hands in
an ``AccessModel`` and enforces the scopes itself, because only the service knows what a request is
about.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

from motcua.events.v1.common_pb2 import Actor, ActorKind
from pydantic import Field

from kernel.auth import messages
from kernel.base.errors import Failure, Forbidden
from kernel.documents.mistakes import DocumentError
from kernel.documents.reading import DocumentReader, DocumentTable, open_toml, read_document
from kernel.messages.catalogue import FixedText
from kernel.messages.texts import TEXTS

GUEST: Final = ActorKind.ACTOR_KIND_UNSPECIFIED
"""The kind of a caller that shows no token."""
ANY: Final = "any"
"""The scope of a rule that names none."""
_NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,31}")


class PermissionsError(ValueError):
    """The table can't be used; the message names the method and the rule."""


@dataclass(frozen=True)
class AccessModel:
    """The kinds of callers of an application, and the scopes that a rule of its table can have."""

    kinds: Mapping[str, ActorKind]
    """Kinds by their names in the table and in tokens."""
    token_kinds: frozenset[str]
    """The kinds that a token can name; the others show credentials of their own, or none."""
    role_kind: str
    """The kind whose callers hold roles, and to whom scopes apply."""
    program_kinds: frozenset[ActorKind] = frozenset()
    """The kinds whose calls programs make."""
    scopes: tuple[str, ...] = ()
    """What a rule can be limited to, beside ``any``."""
    checked_scope: str = ""
    """The scope under which a handler has to set ``Caller.scope_checked`` before it answers; empty
    for none.
    """


@dataclass(frozen=True, slots=True)
class Role:
    """A role in words."""

    name: str
    vi: str
    en: str


@dataclass(frozen=True, slots=True)
class Rule:
    """Who may call one method."""

    kinds: frozenset[int]
    roles: frozenset[str] = frozenset()
    """A caller of ``AccessModel.role_kind`` needs one of them; none named means any such caller."""
    scope: str = ANY
    """What such a caller may call it for: ``any``, or one of ``AccessModel.scopes``."""


@dataclass(frozen=True)
class Permissions:
    """The whole table."""

    rules: Mapping[str, Rule]
    """By full name of the method, such as ``package.v1.Service/Method``."""
    roles: Mapping[str, Role]
    path: Path
    """The file that it was read from."""
    model: AccessModel

    def rule(self, method: str) -> Rule:
        """Return the rule of a method; raise ``PermissionsError`` that says what to add, and where,
        when there is none.
        """
        found = self.rules.get(method)
        if found is None:
            service, _, name = method.partition("/")
            raise PermissionsError(
                f'{method} has no rule. Add under ["{service}"] in {self.path}: '
                f'{name} = {{ kinds = ["{self.model.role_kind}"], roles = [...], scope = "..." }} '
                f"(kinds: {', '.join(self.model.kinds)}; roles: {', '.join(self.roles)}; "
                f"scope: {', '.join((ANY, *self.model.scopes))})"
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

    def authorize(self, rule: Rule, actor: Actor, roles: frozenset[str]) -> None:
        """Raise ``Unauthenticated`` or ``Forbidden`` unless the rule lets this caller in."""
        if actor.kind not in rule.kinds:
            raise messages.missing() if actor.kind == GUEST else _kind_not_allowed()
        holds_roles = actor.kind == self.model.kinds[self.model.role_kind]
        if holds_roles and rule.roles and not rule.roles & roles:
            raise _role_missing([self.roles[name] for name in sorted(rule.roles)])

    def must_check_scope(self, rule: Rule) -> bool:
        """Return whether a handler under this rule has to ask what its caller may see."""
        return rule.scope == self.model.checked_scope


class _RoleTable(DocumentTable):
    vi: str
    en: str


class _RuleTable(DocumentTable):
    kinds: Annotated[list[str], Field(min_length=1)]
    roles: list[str] = Field(default_factory=list)
    scope: str = ANY


def read_permissions(path: Path, model: AccessModel) -> Permissions:
    """Read a table; raise ``PermissionsError`` with all mistakes."""
    try:
        reader = open_toml(path)
        roles, rules = _read(reader, model)
        reader.raise_mistakes()
    except DocumentError as error:
        raise PermissionsError(str(error)) from error
    return Permissions(rules, roles, path, model)


def _read(reader: DocumentReader, model: AccessModel) -> tuple[dict[str, Role], dict[str, Rule]]:
    roles: dict[str, Role] = {}
    rules: dict[str, Rule] = {}
    for name in reader.tables("roles"):
        if not _NAME.fullmatch(name):
            reader.wrong(("roles", name), "name", TEXTS.text("permissions.role_name"))
        role = read_document(_RoleTable, reader, ("roles", name))
        roles[name] = Role(name, getattr(role, "vi", ""), getattr(role, "en", ""))
    for service in reader.tables():
        for name in reader.tables(service) if service != "roles" else ():
            row = read_document(_RuleTable, reader, (service, name))
            with reader.rule():
                if row is not None:
                    rules[f"{service}/{name}"] = _rule(row, roles, model, reader)
    return roles, rules


def _rule(
    row: _RuleTable, roles: Mapping[str, Role], model: AccessModel, reader: DocumentReader
) -> Rule:
    """Return the rule of a sound row; note what it names that there is not."""
    for key, names, known in (("kinds", row.kinds, model.kinds), ("roles", row.roles, roles)):
        for place, name in enumerate(names):
            if name not in known:
                text = TEXTS.text(f"permissions.{key}", name=name, known=", ".join(known))
                reader.wrong((*row.path, key, place), key, text)
    scopes = (ANY, *model.scopes)
    if row.scope not in scopes:
        text = TEXTS.text("document.choice", choices=", ".join(scopes))
        reader.wrong((*row.path, "scope"), "scope", text)
    if (row.roles or row.scope != ANY) and model.role_kind not in row.kinds:
        text = TEXTS.text("permissions.for_kind", kind=model.role_kind)
        reader.wrong((*row.path, "roles" if row.roles else "scope"), "for_kind", text)
    kinds = frozenset(model.kinds[kind] for kind in row.kinds if kind in model.kinds)
    return Rule(kinds, frozenset(row.roles), row.scope)


def _kind_not_allowed() -> Failure:
    return Forbidden(*TEXTS.both("KIND_NOT_ALLOWED"), "KIND_NOT_ALLOWED")


def _role_missing(roles: list[Role]) -> Failure:
    vi, en = TEXTS.both("or")
    names = FixedText(vi.join(role.vi for role in roles), en.join(role.en for role in roles))
    return Forbidden(*TEXTS.both("ROLE_MISSING", roles=names), "ROLE_MISSING")
