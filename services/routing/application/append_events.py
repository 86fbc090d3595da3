"""What a command led to is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from google.protobuf.message import Message
from motcua.routing.v1.case_events_pb2 import SupplementExpired
from motcua.routing.v1.deadline_events_pb2 import DeadlineMissed

from kernel.eventsourcing.command_context import Call
from kernel.eventsourcing.unit_of_work import UnitOfWork


def write(uow: UnitOfWork, code: str, outcome: Sequence[Message], call: Call) -> None:
    """Write what a command led to; that a due date had passed is nobody's deed."""
    for message in outcome:
        passed = isinstance(message, DeadlineMissed | SupplementExpired)
        doer = replace(call, actor=uow.system_actor()) if passed else call
        uow.append_call(code, [message], doer)
