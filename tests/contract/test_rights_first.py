"""Whoever has no right to a dossier learns nothing of its state from a refusal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest
from motcua.audit.v1 import audit_pb2 as audit
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


METHODS: Final = [
    (service, method)
    for file in (intake, routing, postal, partner, notify, audit)
    for service in file.DESCRIPTOR.services_by_name.values()
    for method in service.methods
]
"""Each method of the contracts, with its service."""
RULES: Final[Mapping[str, Rule]] = {
    method.name: TABLE.rule(f"{service.full_name}/{method.name}") for service, method in METHODS
}


@pytest.mark.parametrize("state", STATES)
def test_a_stranger_is_refused_in_the_same_words_in_every_state(state: str, tmp_path: Path) -> None:
    """An officer of another unit with every role, or a partner without the job; of commands that
    the table of permissions gives neither of them it is the table that refuses.
    """
    with open_services(tmp_path) as services:
        dossier = bring_to(services, state)
        before = services.kinds(dossier.code)
        answers = {
            name: _refusal(services, name, dossier.request(name))
            for name in COMMANDS.keys() - OF_NO_DOSSIER
        }
        assert set(answers.values()) <= {"NOT_YOUR_UNIT", "job", "table"}, Counter(answers.values())
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


SHOWN_BY_PIN: Final = {"TrackDossier"}
"""What tells whoever has the dossier's PIN."""
SEES_ALL: Final = {"inspector"}


def test_no_method_about_a_dossier_is_open_to_every_officer() -> None:
    """Reads and commands alike: the rule has a scope, or is for inspectors, or a PIN is asked for.

    Reports are figures, and name no dossier.
    """
    for service, method in METHODS:
        rule = TABLE.rule(f"{service.full_name}/{method.name}")
        names = {"dossier_code", "job_id", "message_id"} & set(method.input_type.fields_by_name)
        officers = ActorKind.ACTOR_KIND_OFFICER in rule.kinds
        if names and officers and method.name not in SHOWN_BY_PIN:
            assert rule.scope != "any" or (rule.roles and rule.roles <= SEES_ALL), method.name


def test_every_command_is_asked_for() -> None:
    """Each has a rule in the table."""
    assert COMMANDS.keys() <= RULES.keys()
