"""One way to say what a decision gives: ``given(events).when(command).then(events or refusal)``.

desk = Deciding(State(), evolve, "intake")
desk.given(SUBMITTED).when(accept, TERMS).then("DossierAccepted").when(accept, TERMS).then(
    "ALREADY_ACCEPTED"
)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

from google.protobuf.message import Message
from motcua.events.v1.common_pb2 import Actor, ActorKind
from motcua.events.v1.event_pb2 import Event

from kernel.base.errors import Refusal
from tests.support.events import make_event

S = TypeVar("S")
Decision = Sequence[Message] | Refusal
Expected = Message | Refusal | str
SYSTEM = Actor(kind=ActorKind.ACTOR_KIND_SYSTEM, id="test")
AT = 1_628_474_400_000_000
"""Instant of the events that are given, 9 August 2021, 09:00 in Hanoi."""


@dataclass(frozen=True)
class Deciding(Generic[S]):
    """How a stream is decided about: where it begins, and what an event makes of it."""

    initial: S
    evolve: Callable[[S, Event], S]
    source: str
    stream_id: str = "H22.12-210809-0001"
    stream_kind: str = "dossier"
    actor: Actor = field(default_factory=lambda: SYSTEM)

    def given(self, *history: Message) -> Given[S]:
        """Return the stream in which this has happened, in order."""
        return Given(self, self.initial, 0).after(history)

    def standing(self, state: S) -> Given[S]:
        """Return a stream that has come to this state."""
        return Given(self, state, 0)


@dataclass(frozen=True)
class Given(Generic[S]):
    """A stream to which something has happened."""

    deciding: Deciding[S]
    state: S
    number: int

    def after(self, payloads: Sequence[Message]) -> Given[S]:
        """Return the stream after some more events."""
        state, of = self.state, self.deciding
        for sequence, payload in enumerate(payloads, start=self.number + 1):
            event = make_event(
                of.stream_id,
                of.source,
                sequence,
                payload,
                stream_kind=of.stream_kind,
                actor=of.actor,
                occurred_at=AT,
                recorded_at=AT,
                causation_id="",
                correlation_id="",
            )
            state = of.evolve(state, event)
        return replace(self, state=state, number=self.number + len(payloads))

    def when(self, decide: Callable[..., Decision], *arguments: Any) -> When[S]:
        """Decide: ``decide(state, *arguments)``."""
        return When(self, decide(self.state, *arguments))


@dataclass(frozen=True)
class When(Generic[S]):
    """What was decided about a stream."""

    given: Given[S]
    decision: Decision

    def then(self, *expected: Expected) -> Given[S]:
        """Check the decision, and return the stream after it.

        Expected is nothing, or events in order, or one refusal. An event is a payload, or the name
        of its type; a refusal is itself, or its code, which is in capitals. What is refused has a
        text in each language.
        """
        assert_decided(self.decision, *expected)
        if isinstance(self.decision, Refusal):
            return self.given
        return self.given.after(self.decision)


def assert_decided(decision: Decision, *expected: Expected) -> None:
    """Check a decision; see ``When.then``."""
    if isinstance(decision, Refusal):
        assert expected in ((decision,), (decision.code,)), decision
        assert decision.code == decision.code.upper()
        assert decision.vi
        assert decision.en
        return
    names = [
        payload.DESCRIPTOR.name if isinstance(each, str) else payload
        for payload, each in zip(decision, expected, strict=False)
    ]
    assert names == list(expected), decision
    assert len(decision) == len(expected), decision
