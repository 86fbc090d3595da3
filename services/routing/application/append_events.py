"""Appends what a command led to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from google.protobuf.message import Message
from motcua.events.v1.event_pb2 import Event
from motcua.routing.v1.case_events_pb2 import SupplementExpired
from motcua.routing.v1.deadline_events_pb2 import DeadlineMissed

from kernel.eventsourcing.command_context import Call
from kernel.eventsourcing.unit_of_work import UnitOfWork


def write(uow: UnitOfWork, code: str, outcome: Sequence[Message], call: Call) -> list[Event]:
    """Append what a command led to and return the events; that a due date had passed is nobody's
    deed.
    """
    by_system = replace(call, actor=uow.system_actor())
    events: list[Event] = []
    for message in outcome:
        passed = isinstance(message, DeadlineMissed | SupplementExpired)
        events += uow.append_call(code, [message], by_system if passed else call)
    return events
