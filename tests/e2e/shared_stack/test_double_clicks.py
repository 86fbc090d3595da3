"""The same command twice at the same moment, each time under a request id of its own: a double
click in a client that numbers each click, and two officers who do the same thing at once.
"""

from __future__ import annotations

from typing import Final

import grpc
import pytest

from kernel.rpc.client import RpcProblem
from tests.support.every_command import COMMANDS, REFUSED, Call, call_together, effects_of
from tests.support.stack import Stack
from tests.support.walk import EVERY_ROLE, UNIT, walking

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

REFUSALS: Final[dict[str, set[str]]] = {
    "AcceptDossier": {"ALREADY_ACCEPTED"},
    "RefuseDossier": {"ALREADY_REFUSED"},
    "SubmitSupplement": {"ALREADY_ANSWERED"},
    "RequestWithdrawal": {"WITHDRAWAL_PENDING"},
    "ReturnResult": {"ALREADY_RETURNED"},
    "AssignStep": {"ALREADY_ASSIGNED"},
    "CompleteStep": {"NOT_CURRENT_STEP"},
    "SendBack": {"NOT_CURRENT_STEP"},
    "RequestSupplement": {"CASE_SUSPENDED"},
    "ResolveCase": {"CASE_RESOLVED"},
    "PullBack": {"NOT_CURRENT_STEP", "NOT_SENT_BY_YOU"},
    "MoveCase": {"SAME_VERSION"},
    "SetParticipant": {"NOTHING_CHANGES"},
    "RequestConsultation": {"ALREADY_ASKED"},
    "AnswerConsultation": {"ALREADY_ANSWERED"},
    "CancelConsultation": {"CONSULTATION_CANCELLED"},
    "EndAbsence": {"NO_ABSENCE"},
    "DraftDocument": {"ALREADY_DRAFTED"},
    "ReviewDocument": {"NO_REVIEW_NEEDED"},
    "CorrectCase": {"NOTHING_TO_CORRECT"},
    "AnswerWithdrawal": {"CASE_WITHDRAWN"},
    "RequestPayment": {"CASE_SUSPENDED"},
    "ConfirmPayment": {"NO_PAYMENT_REQUESTED"},
    "SuspendCase": {"CASE_SUSPENDED"},
    "ResumeCase": {"NOT_SUSPENDED"},
    "ExtendDeadline": {"ALREADY_EXTENDED"},
    "CloseCase": {"CASE_CLOSED"},
    "CompleteImport": {"HISTORY_COMPLETE"},
    "RecordFee": {"RECEIPT_USED", "ALREADY_PAID"},
    "CancelFee": {"NO_SUCH_RECORD"},
    "RecordExternalCode": {""},
}
"""What the second one hears: the rule that names what has changed. An empty one is ALREADY_EXISTS,
whose text says it.
"""
ALREADY_SO: Final = {"OpenStep", "DelegateWork"}
"""The second one is answered with what is so by then, and adds nothing."""
NEW_EACH_TIME: Final = {"SubmitDossier", "RecordStep", "GetForm"}
"""Two of them are two: people file the same thing twice, logs have rows that are alike, and a
second print is a reprint. Against a repeat there is the request id, which the form and the import
make before they send.
"""
OF_WIDER_WORD: Final = {"DelegateWork", "EndAbsence"}
"""An officer's own word reaches further than a leader's, so two leaders are compared."""
ASKED: Final = {"AnswerConsultation": "H22.05"}
"""The unit whose officers act, where it is not the dossier's."""
OF_OFFICERS: Final = sorted(
    COMMANDS.keys()
    - NEW_EACH_TIME
    - {"SubmitSupplement", "RequestWithdrawal", "CompleteImport", "RecordStep"}
)


def once_more(call: Call) -> Call:
    """Return the same command again; it gets a request id of its own when it is sent."""
    method, request, who = call
    copy = type(request)()
    copy.CopyFrom(request)
    return method, copy, who


def check(stack: Stack, name: str, calls: tuple[Call, Call], ends: list[object]) -> None:
    """Hold what became of two equal commands to the tables: one effect, and who is told what."""
    effects = [effects_of(stack, request) for _, request, _ in calls]
    assert sorted(map(bool, effects)) == [False, True], (ends, effects)
    idle = ends[effects.index([])]
    if name in ALREADY_SO:
        assert not isinstance(idle, RpcProblem), idle
        return
    assert isinstance(idle, RpcProblem), idle
    assert idle.reason in REFUSALS[name]
    assert idle.code == (REFUSED if idle.reason else grpc.StatusCode.ALREADY_EXISTS)
    assert idle.text
    assert not isinstance(ends[1 - ends.index(idle)], RpcProblem)


def test_every_command_is_in_a_table() -> None:
    """A new one is either refused the second time, or found done, or said to be new each time."""
    assert COMMANDS.keys() == REFUSALS.keys() | ALREADY_SO | NEW_EACH_TIME


@pytest.mark.parametrize("name", sorted(COMMANDS.keys() - NEW_EACH_TIME))
def test_a_double_click_under_two_request_ids_has_one_effect(stack: Stack, name: str) -> None:
    """One is done; the other is told what has changed, or finds it done, and writes nothing."""
    with walking(stack) as walk:
        first = COMMANDS[name](walk)
        calls = (first, once_more(first))
        check(stack, name, calls, call_together(walk, *calls))


@pytest.mark.parametrize("name", OF_OFFICERS)
def test_of_two_officers_who_do_the_same_at_once_one_wins(stack: Stack, name: str) -> None:
    """The other one, of the same unit with the same roles, is told what has changed."""
    with walking(stack) as walk:
        first = COMMANDS[name](walk)
        if name in OF_WIDER_WORD:
            first = (*first[:2], walk.officer)
        method, request, _ = once_more(first)
        other = walk.who("officer", "binh.tt", ASKED.get(name, UNIT), EVERY_ROLE)
        calls = (first, (method, request, other))
        check(stack, name, calls, call_together(walk, *calls))


@pytest.mark.parametrize("name", sorted(NEW_EACH_TIME))
def test_what_is_new_each_time_is_two(stack: Stack, name: str) -> None:
    """Under two request ids both are done, each once."""
    with walking(stack) as walk:
        first = COMMANDS[name](walk)
        calls = (first, once_more(first))
        call_together(walk, *calls)
        assert [len(effects_of(stack, request)) for _, request, _ in calls] == [1, 1]
