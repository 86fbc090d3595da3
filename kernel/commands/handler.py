"""The one form of a command's handler: what it does, and what it answers.

A request may come a second time after its stored answer was lost in a rebuild. The answer is made
from what is durable, by the same function both times, so that the two cannot differ in form.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from google.protobuf.message import Message
from motcua.events.v1.event_pb2 import Event

from kernel.eventsourcing.command_context import Call
from kernel.eventsourcing.unit_of_work import UnitOfWork

R = TypeVar("R", bound=Message)
Q_contra = TypeVar("Q_contra", contravariant=True)
A_co = TypeVar("A_co", covariant=True)
A = TypeVar("A", bound=Message)


class CommandHandler(Protocol[Q_contra, A_co]):
    """Handles one command, in the writer's thread; it may be run more than once, with one effect.

    Both methods raise a ``Failure`` to refuse; then nothing is written.
    """

    def act(self, uow: UnitOfWork, request: Q_contra, call: Call, /) -> Sequence[Event]:
        """Decide and append; return the events that were appended."""
        ...

    def answer(
        self, uow: UnitOfWork, request: Q_contra, call: Call, events: Sequence[Event], /
    ) -> A_co:
        """Return the answer; ``events`` are those that the request led to, now or, when it is
        repeated, the first time.
        """
        ...


@dataclass(frozen=True)
class FunctionHandler(Generic[R, A]):
    """A handler put together from two functions."""

    act: Callable[[UnitOfWork, R, Call], Sequence[Event]]
    answer: Callable[[UnitOfWork, R, Call, Sequence[Event]], A]


def from_events(
    answer: Callable[[Sequence[Event]], A],
) -> Callable[[Any, Any, Any, Sequence[Event]], A]:
    """Return how a handler answers whose answer needs nothing but the events."""
    return lambda _uow, _request, _call, events: answer(events)


def carry_out(handler: CommandHandler[Any, A], uow: UnitOfWork, request: Any, call: Call) -> A:
    """Act and answer; raise what the handler raises."""
    return handler.answer(uow, request, call, handler.act(uow, request, call))
