"""A process in which other units are asked and a leader approves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from motcua.events.v1.common_pb2 import Actor
from motcua.routing.v1 import routing_pb2 as pb
from motcua.routing.v1.types_pb2 import CaseFact

from office.process.model.process import Process
from office.process.repository import check_text
from tests.support.routing_cases import AN, PLANNER, Case, answer

MON = "2021-08-09 10:00"


CONSULTED = "consulted"


def consulted(channel: int = 2) -> Case:
    """A case of the process that asks two units by itself."""
    case = Channelled(process=CONSULTED)
    case.channel = channel
    return case.opened()


class Channelled(Case):
    """A case that came by a channel."""

    channel = 2

    def context(self, when: str, actor: Actor = AN) -> Any:
        """Return the context with the channel."""
        return replace(super().context(when, actor), channel=self.channel)


def proposal(outcome: str, area: str, way: str = "") -> pb.CompleteStepRequest:
    return pb.CompleteStepRequest(
        step="appraise",
        transition=way,
        facts=[CaseFact(name="outcome", value=outcome), CaseFact(name="area", value=area)],
    )


def process_of(text: str) -> Process:
    """Read a process that has no mistake."""
    read, wrong = check_text(text)
    assert not wrong, [str(m) for m in wrong]
    return read[0].process


def approving() -> Case:
    """A case at the step whose timer sends it back after three days."""
    case = consulted()
    case.does(answer(), MON, PLANNER)
    case.does(proposal("reject", "5"), MON)
    assert case.state.step == "approve"
    return case
