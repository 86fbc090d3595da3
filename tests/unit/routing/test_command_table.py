"""The table of commands: whole, fitting the contract, and permitted."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf.message import Message
from motcua.routing.v1 import routing_pb2 as pb

from kernel.commands.command_table import CommandTableError, rows_by_message
from services.routing import rpc
from services.routing.application import handlers
from services.routing.application.handlers import CaseHandler, handlers_of
from services.routing.definition import define
from services.routing.domain.command_table import (
    COMMANDS,
    EVENTS,
    Answer,
    CommandSpec,
)
from services.routing.settings import RoutingSettings
from tests.support.models import OFFICE

ENDING = {
    "SupplementSubmitted",
    "WithdrawalRequested",
    "AssignStepRequest",
    "CompleteStepRequest",
    "SendBackRequest",
    "PullBackRequest",
    "RequestSupplementRequest",
    "CloseCaseRequest",
    "RequestPaymentRequest",
    "ConfirmPaymentRequest",
    "SuspendCaseRequest",
    "ResumeCaseRequest",
    "ResolveCaseRequest",
    "AnswerConsultationRequest",
    "CancelConsultationRequest",
    "AnswerWithdrawalRequest",
    "RecalculateDeadlinesRequest",
}
"""What takes a due date away, stops or moves it."""
SETTINGS = RoutingSettings(database_url="sqlite://")
OF_MANY = {pb.DelegateWorkRequest, pb.EndAbsenceRequest, pb.RecalculateDeadlinesRequest}


def spec_of(message: type[Message], answer: Answer) -> CommandSpec[Any]:
    """Describe a command that changes nothing."""
    return CommandSpec(message, lambda *_: [], ends_due_date=False, answer=answer)


def test_every_method_with_a_request_id_is_a_command() -> None:
    """A request that changes something names itself; the table has no other."""
    named = {
        method.input_type.name
        for service, _ in rpc.SERVICES.values()
        for method in service.methods
        if "request_id" in method.input_type.fields_by_name
    }
    assert {spec.message.__name__ for spec in COMMANDS} == named
    assert len(COMMANDS) == len(named)


def test_what_ends_a_due_date_is_known() -> None:
    """Of these, that a due date had passed is said first."""
    ending = {spec.message.__name__ for spec in (*EVENTS, *COMMANDS) if spec.ends_due_date}
    assert ending == ENDING


def test_each_command_has_one_handler() -> None:
    """Those about many cases have handlers of their own."""
    found = handlers_of(OFFICE)
    assert set(found) == {spec.message for spec in COMMANDS}
    assert {m for m, handler in found.items() if not isinstance(handler, CaseHandler)} == OF_MANY


def test_a_command_without_a_row_stops_the_definition(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the RPC and what to add."""
    monkeypatch.setattr(rpc, "COMMANDS", COMMANDS[1:])
    with pytest.raises(CommandTableError, match="AssignStep has no handler: add AssignStepRequest"):
        define(SETTINGS)


def test_a_message_with_two_rows_is_named() -> None:
    """Otherwise the later one would hold, silently."""
    row = spec_of(pb.SuspendCaseRequest, Answer.CASE)
    with pytest.raises(CommandTableError, match=r"v1\.SuspendCaseRequest has two rows"):
        rows_by_message(*COMMANDS, row)


@pytest.mark.parametrize(
    ("message", "answer", "words"),
    [
        (
            pb.SuspendCaseRequest,
            Answer.OWN,
            "SuspendCaseRequest: Answer.OWN .* no handler of its own",
        ),
        (pb.EndAbsenceRequest, Answer.CASE, "EndAbsenceRequest: Answer.CASE .* a handler of its"),
        (
            pb.SuspendCaseRequest,
            Answer.STEPS,
            "SuspendCaseRequest has Answer.STEPS, but SuspendCaseResponse no such field",
        ),
        (pb.ListWorkRequest, Answer.CASE, "ListWorkRequest has no dossier_code"),
    ],
)
def test_a_row_that_describes_a_command_wrongly_is_named(
    monkeypatch: pytest.MonkeyPatch, message: type[Message], answer: Answer, words: str
) -> None:
    """Before the service starts, not when the command comes."""
    others = [spec for spec in COMMANDS if spec.message is not message]
    monkeypatch.setattr(handlers, "COMMANDS", [*others, spec_of(message, answer)])
    with pytest.raises(CommandTableError, match=words):
        handlers_of(OFFICE)
