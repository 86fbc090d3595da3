"""What does not fit between a contract and the table of its commands is named before a start."""

from __future__ import annotations

from typing import Any

import pytest
from motcua.notify.v1 import notify_pb2 as pb

from kernel.commands.command_methods import add_command_methods
from kernel.commands.command_table import (
    CommandTableError,
    check_methods,
    check_requests,
    response_of,
)
from kernel.commands.handler import FunctionHandler, from_events

SERVICE = pb.DESCRIPTOR.services_by_name["NotifyService"]
COMMANDS = [pb.ResendMessageRequest]


class Queries:
    """Answers every query of NotifyService."""

    ListMessages = GetMessage = CountMessages = None


class OneTooFew:
    """Lacks a query."""

    ListMessages = GetMessage = None


class OneTooMany(Queries):
    """Has a query that the contract does not have."""

    ListMessages = GetMessage = CountMessages = CountLetters = None


class Twice:
    """Has the method of a command."""

    ListMessages = GetMessage = CountMessages = ResendMessage = None


def test_a_table_that_fits_is_accepted() -> None:
    """Each method is a command of the table or a query of the servicer."""
    check_methods(SERVICE, COMMANDS, Queries)
    check_requests([SERVICE], COMMANDS)


@pytest.mark.parametrize(
    ("commands", "servicer", "words"),
    [
        (COMMANDS, OneTooFew, "NotifyService/CountMessages has no handler: add CountMessagesReq"),
        ([], Queries, "NotifyService/ResendMessage has no handler: add ResendMessageRequest"),
        (COMMANDS, Twice, "NotifyService/ResendMessage is handled twice"),
        (COMMANDS, OneTooMany, "OneTooMany.CountLetters: motcua.notify.v1.NotifyService has no"),
    ],
)
def test_a_method_without_a_handler_and_one_with_two_are_named(
    commands: list[Any], servicer: type, words: str
) -> None:
    """The message says what to add, and where."""
    with pytest.raises(CommandTableError, match=words):
        check_methods(SERVICE, commands, servicer)


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (pb.Message, "notify.v1.Message is in the table of commands, but no RPC takes it"),
        (pb.GetMessageRequest, "GetMessageRequest is in the table of commands, but has no request"),
    ],
)
def test_a_command_that_cannot_be_called_is_named(command: Any, words: str) -> None:
    """Its request is no method's, or can't be told from a repeated one."""
    with pytest.raises(CommandTableError, match=words):
        check_requests([SERVICE], [command])


def test_the_response_is_the_contract_s() -> None:
    """It is found by the request; a message that nobody sends has none."""
    assert response_of([SERVICE], pb.ResendMessageRequest) is pb.ResendMessageResponse
    with pytest.raises(CommandTableError, match="no RPC takes it"):
        response_of([SERVICE], pb.Message)


async def test_a_servicer_gets_the_methods_of_commands_only() -> None:
    """Each runs its own handler; queries are left as they are."""

    async def run(request: Any, context: Any, handler: Any) -> Any:
        return request, context, handler

    servicer: Any = Queries()
    handler: Any = FunctionHandler(lambda _uow, _request, _call: [], from_events(len))
    add_command_methods(servicer, SERVICE, {pb.ResendMessageRequest: handler}, run)
    assert await servicer.ResendMessage("request", "context") == ("request", "context", handler)
    assert servicer.CountMessages is None
    assert not hasattr(Queries, "ResendMessage")
