"""A step is done by somebody with its role."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from google.protobuf.message import Message

from services.kernel.errors import Refusal
from services.routing.decider import decide
from tests.unit.routing.cases import Case, assign, complete, resolve, send_back, supplement

MON = "2021-08-09 10:00"
FIRST_ROLE = "specialist"


def outcome(case: Case, command: Message, *roles: str) -> Any:
    """Decide for an officer with these roles."""
    facts = replace(case.facts(MON), roles=frozenset(roles))
    found = decide(case.state, command, facts)
    return found.code if isinstance(found, Refusal) else "done"


@pytest.mark.parametrize(
    "command", [complete("appraise"), supplement("appraise"), send_back("appraise")]
)
def test_only_the_step_s_role_does_it(command: Message) -> None:
    """Without the role nothing is done, whatever other roles there are."""
    case = Case().opened()

    assert outcome(case, command) == "NOT_YOUR_ROLE"
    assert outcome(case, command, "head", "leader", "clerk", "receptionist") == "NOT_YOUR_ROLE"
    assert outcome(case, command, "clerk", FIRST_ROLE) != "NOT_YOUR_ROLE"


def test_each_step_has_its_own_role() -> None:
    """Who may appraise may not review, and who may review may not resolve at the seal."""
    case = Case().opened().completed(MON, "appraise")
    assert outcome(case, complete("review"), FIRST_ROLE) == "NOT_YOUR_ROLE"
    assert outcome(case, complete("review"), "head") == "done"
    case.completed(MON, "review", "approve")
    assert outcome(case, resolve("seal"), "leader") == "NOT_YOUR_ROLE"
    assert outcome(case, resolve("seal"), "clerk") == "done"


@pytest.mark.parametrize(
    ("role", "expected"),
    [(FIRST_ROLE, "done"), ("head", "done"), ("leader", "done"), ("clerk", "NOT_YOUR_ROLE")],
)
def test_work_is_given_out_by_the_role_or_its_heads(role: str, expected: str) -> None:
    """A step is assigned by those who do such steps, and by head and leader."""
    assert outcome(Case().opened(), assign("appraise", "binh"), role) == expected


def test_where_there_is_no_door_no_role_is_asked_for() -> None:
    """What the system itself does, or brings in, has no roles."""
    case = Case().opened()
    found = decide(case.state, complete("appraise"), case.facts(MON))

    assert not isinstance(found, Refusal)
