"""Whoever has no right to a dossier learns nothing of its state from a refusal."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Final

import pytest
from motcua.events.v1.common_pb2 import Actor, ActorKind
from motcua.intake.v1 import intake_pb2 as intake
from motcua.notify.v1 import notify_pb2 as notify
from motcua.postal.v1 import postal_partner_pb2 as partner
from motcua.postal.v1 import postal_pb2 as postal
from motcua.routing.v1 import routing_pb2 as routing

from kernel.auth.permissions import Rule
from kernel.base.errors import Failure, NotFound
from office.permissions import shipped
from tests.support.crossing_commands import COMMANDS, STATES, bring_to
from tests.support.crossing_services import Services, open_services

TABLE: Final = shipped()
STRANGER: Final = Actor(kind=ActorKind.ACTOR_KIND_OFFICER, id="la", unit="H22.99")
OTHER_PARTNER: Final = Actor(kind=ActorKind.ACTOR_KIND_PARTNER, id="khac")
OF_NO_DOSSIER: Final = {"SubmitDossier", "DelegateWork", "EndAbsence"}
"""Commands about no dossier that there is, or about an officer: what they refuse tells of none."""


def _rules() -> dict[str, Rule]:
    """Return the rule of each method."""
    found = {}
    for file in (intake, routing, postal, partner, notify):
        for service in file.DESCRIPTOR.services_by_name.values():
            for method in service.methods:
                found[method.name] = TABLE.rule(f"{service.full_name}/{method.name}")
    return found


RULES: Final = _rules()


@pytest.mark.parametrize("state", STATES)
def test_a_stranger_is_refused_in_the_same_words_in_every_state(state: str, tmp_path: Path) -> None:
    """An officer of another unit with every role, or a partner without the job; of commands that
    the table of permissions gives neither of them it is the table that refuses.
    """
    with open_services(tmp_path) as services:
        dossier = bring_to(services, state)
        before = services.kinds(dossier.code)
        told = {
            name: _refusal(services, name, dossier.request(name))
            for name in COMMANDS.keys() - OF_NO_DOSSIER
        }
        assert set(told.values()) <= {"NOT_YOUR_UNIT", "job", "table"}, Counter(told.values())
        assert services.kinds(dossier.code) == before


def _refusal(services: Services, name: str, request: object) -> str:
    """Return how a stranger is refused: by the rule's code, the table, or because there is no such
    job, of theirs or at all.
    """
    source, _, actor = COMMANDS[name]
    rule = RULES[name]
    who = OTHER_PARTNER if actor is None else STRANGER
    if who.kind not in rule.kinds:
        return "table"
    try:
        services.does(source, request, who, rule)
    except NotFound:
        return "job" if source == "postal" else "found"
    except Failure as failure:
        return str(getattr(failure, "code", failure))
    return "taken"


def test_every_command_is_asked_for() -> None:
    """Each has a rule in the table."""
    assert COMMANDS.keys() <= RULES.keys()
