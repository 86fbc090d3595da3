"""A command is answered by the same function the first time and each time it is repeated."""

from typing import Any

from kernel.commands.handler import FunctionHandler, carry_out, from_events

NOBODY: Any = None


def test_the_answer_is_made_from_the_events_that_were_appended() -> None:
    """Acting comes first, and what it appended is answered from."""
    handler: Any = FunctionHandler(lambda _uow, request, _call: [request, 2], from_events(sum))
    assert carry_out(handler, NOBODY, 1, NOBODY) == 3


def test_a_repeated_request_does_not_act() -> None:
    """The events on record give the same answer."""

    def act(_uow: Any, _request: Any, _call: Any) -> Any:
        raise AssertionError("acted a second time")

    handler: Any = FunctionHandler(act, from_events(sum))
    assert handler.answer(NOBODY, 1, NOBODY, [1, 2]) == 3
