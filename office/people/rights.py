"""What the office's table of permissions can say: its kinds of callers, and the scopes of a rule.

The kernel reads the table and asks for kind and roles; the scopes are enforced here and by the
services, because only they know which dossier a request is about.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from motcua.events.v1.common_pb2 import Actor, ActorKind

from kernel.auth.identity import Caller
from kernel.auth.permissions import GUEST, AccessModel, Rule
from kernel.base.errors import Failure, Forbidden
from office.people.directory import below
from office.texts import OFFICE_TEXTS

DOSSIER: Final = "dossier"
"""The unit that answers for the dossier is the officer's own, or lies below it."""
STEP: Final = "step"
"""The unit that has to do the current step is the officer's own, or lies below it; where the rule
names no roles, the officer has the step's own.
"""
CASE: Final = "case"
"""The case says which unit and role."""
PART: Final = "part"
"""Of reads: an officer sees the dossiers in which the own unit, one below it, or they take part."""

ACCESS_MODEL: Final = AccessModel(
    kinds={
        "guest": GUEST,
        "citizen": ActorKind.ACTOR_KIND_CITIZEN,
        "officer": ActorKind.ACTOR_KIND_OFFICER,
        "operator": ActorKind.ACTOR_KIND_OPERATOR,
        "importer": ActorKind.ACTOR_KIND_IMPORTER,
        "partner": ActorKind.ACTOR_KIND_PARTNER,
    },
    token_kinds=frozenset({"citizen", "officer", "operator", "importer"}),
    role_kind="officer",
    program_kinds=frozenset(
        {
            ActorKind.ACTOR_KIND_OPERATOR,
            ActorKind.ACTOR_KIND_IMPORTER,
            ActorKind.ACTOR_KIND_PARTNER,
        }
    ),
    scopes=(DOSSIER, STEP, CASE, PART),
    checked_scope=PART,
)


def require_own_unit(
    rule: Rule | None, actor: Actor, unit: str, covers: Callable[[str, str], bool] = below
) -> None:
    """Raise ``Forbidden`` when the rule's scope is ``dossier`` and ``unit`` is not the officer's
    own or below it.

    ``covers(unit, own)`` decides that. Callers that are no officers pass.
    """
    if rule is None or rule.scope != DOSSIER or actor.kind != ActorKind.ACTOR_KIND_OFFICER:
        return
    if not covers(unit, actor.unit):
        raise not_your_unit()


def sees_part_only(caller: Caller) -> bool:
    """Return whether the rule shows this caller only the dossiers in which they take part.

    A handler under such a rule has to ask: an answer of one that did not is withheld.
    """
    caller.scope_checked = True
    limited = caller.rule is not None and caller.rule.scope == PART
    return limited and caller.actor.kind == ActorKind.ACTOR_KIND_OFFICER


def not_your_unit() -> Failure:
    """Return the failure for an officer who asks for a dossier of others."""
    return Forbidden(*OFFICE_TEXTS.both("NOT_YOUR_UNIT"), "NOT_YOUR_UNIT")
