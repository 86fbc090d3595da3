"""A step is done by somebody with its role."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from google.protobuf.message import Message
from motcua.events.v1.common_pb2 import Actor
from motcua.routing.v1 import routing_pb2 as pb

from kernel.base.errors import Refusal
from services.routing.domain.decider import decide
from tests.support.routing_cases import (
    AN,
    PLANNER,
    UNIT,
    Case,
    answer,
    ask,
    assign,
    complete,
    draft,
    look,
    paid,
    payment,
    resolve,
    send_back,
    supplement,
    takes_part,
)

MON = "2021-08-09 10:00"
FIRST_ROLE = "specialist"


def outcome(case: Case, command: Message, *roles: str) -> Any:
    """Decide for an officer with these roles."""
    context = replace(case.context(MON), roles=frozenset(roles))
    found = decide(case.state, command, context)
    return found.code if isinstance(found, Refusal) else "done"


@pytest.mark.parametrize(
    "command",
    [
        complete("appraise"),
        supplement("appraise"),
        send_back("appraise"),
        look("appraise"),
        ask("appraise"),
        draft("appraise"),
    ],
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


@pytest.mark.parametrize(
    ("role", "expected"),
    [(FIRST_ROLE, "done"), ("head", "done"), ("leader", "done"), ("clerk", "NOT_YOUR_ROLE")],
)
def test_helpers_are_let_in_by_the_role_or_its_heads(role: str, expected: str) -> None:
    """Who does no such steps and gives out none makes nobody take part."""
    assert outcome(Case().opened(), takes_part(), role) == expected


def test_roles_that_the_table_names_stand_instead_of_the_step_s() -> None:
    """The caller has one of them: the accountant confirms what a specialist asked for."""
    case = Case().opened()
    case.does(payment("appraise"), MON)
    context = replace(case.context(MON), roles=frozenset({"accountant"}))
    assert decide(case.state, paid("appraise"), context).code == "NOT_YOUR_ROLE"  # type: ignore[union-attr]
    found = decide(case.state, paid("appraise"), replace(context, roles_named=True))
    assert not isinstance(found, Refusal)


def test_a_question_is_answered_in_the_role_that_was_asked() -> None:
    """Where none was named, by anybody of the unit."""
    case = Case().opened()
    of_head = ask("appraise")
    of_head.role = "head"
    case.does(of_head, MON)
    planner = replace(case.context(MON, PLANNER), roles=frozenset({"receptionist"}))
    assert decide(case.state, answer(), planner).code == "NOT_YOUR_ROLE"  # type: ignore[union-attr]
    head = replace(planner, roles=frozenset({"head"}))
    assert not isinstance(decide(case.state, answer(), head), Refusal)
    anybody = ask("appraise")
    anybody.question = "Còn gì khác?"
    case.does(anybody, MON)
    assert not isinstance(decide(case.state, answer(2), planner), Refusal)


@pytest.mark.parametrize(
    ("officer", "unit", "role", "expected"),
    [
        ("xa", UNIT, "head", "done"),
        ("xa", "H22", "leader", "done"),
        ("xa", UNIT, "clerk", "NOT_YOURS_TO_CORRECT"),
        ("xa", UNIT, "", "NOT_YOURS_TO_CORRECT"),
        ("xa", "H22.13", "leader", "NOT_YOUR_UNIT"),
        ("an", UNIT, "clerk", "done"),
        ("an", UNIT, "specialist", "NOT_YOURS_TO_CORRECT"),
        ("an", "H22.13", "clerk", "NOT_YOUR_UNIT"),
    ],
)
def test_a_result_is_corrected_by_those_who_answer_for_it(
    officer: str, unit: str, role: str, expected: str
) -> None:
    """Heads and leaders of the dossier's unit and above; who gave it, as that step asks."""
    case = Case().opened().completed(MON, "appraise", "review", "approve")
    case.does(resolve("seal"), MON)
    actor = Actor(kind=AN.kind, id=officer, unit=unit)
    context = replace(case.context(MON, actor), roles=frozenset({role} - {""}))
    wanted = pb.CorrectCaseRequest(result_number="13/GP", reason="gõ nhầm")
    found = decide(case.state, wanted, context)
    assert (found.code if isinstance(found, Refusal) else "done") == expected


def test_where_no_call_came_in_no_role_is_asked_for() -> None:
    """What the system itself does, or brings in, has no roles."""
    case = Case().opened()
    found = decide(case.state, complete("appraise"), case.context(MON))

    assert not isinstance(found, Refusal)
