"""The handlers of routing's commands: the context is collected, the decider decides, and its events
are appended.

Runs in the writer's thread; nothing here calls out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from google.protobuf.message import Message
from motcua.events.v1.common_pb2 import ActorKind
from motcua.events.v1.event_pb2 import Event
from motcua.routing.v1 import routing_pb2 as pb

from kernel.base.clock_skew import in_future, lies_ahead
from kernel.base.errors import Invalid, Refusal
from kernel.base.instants import instant_in
from kernel.commands.command_methods import Handlers
from kernel.commands.command_table import CommandTableError, response_of
from kernel.commands.handler import CommandHandler
from kernel.eventsourcing.command_context import Call
from kernel.eventsourcing.unit_of_work import UnitOfWork
from kernel.storage.row_cache import Row
from office.people.rights import require_own_unit
from office.sealed_text import open_texts
from services.routing.application.absences.delegate_work import DelegateWork, standing_for
from services.routing.application.absences.end_absence import EndAbsence
from services.routing.application.append_events import write
from services.routing.application.child_consequences import above, consequences, log_withheld
from services.routing.application.decision_context import CaseContextLoader, known_roles
from services.routing.application.recalculation_batches import Recalculate
from services.routing.application.request_checks import check, require_part
from services.routing.domain.command_table import COMMANDS, SERVICES, Answer, CommandSpec
from services.routing.domain.decider import State, decide
from services.routing.domain.guards import within
from services.routing.domain.refusals import case
from services.routing.queries.case import case_of
from services.routing.tables import CASES

_ANSWERS: Final[dict[Answer, Callable[[Row, int], dict[str, Any]]]] = {
    Answer.CASE: lambda row, now: {"case": case_of(row, now)},
    Answer.STEPS: lambda row, _now: {"steps": row["recorded"] or 0},
}
"""The fields of a response, by how the table of commands says that it is answered."""


def handlers_of(loader: CaseContextLoader) -> Handlers:
    """Return the handler of each command of the table.

    Raise ``CommandTableError`` naming a command that the table does not describe rightly: it lacks
    a handler of its own or has one needlessly, names no dossier, or its response lacks the field.
    """
    own: dict[type[Message], CommandHandler[Any, Any]] = {
        pb.DelegateWorkRequest: DelegateWork(loader),
        pb.EndAbsenceRequest: EndAbsence(loader),
        pb.RecalculateDeadlinesRequest: Recalculate(loader),
    }
    for spec in COMMANDS:
        if (spec.answer is Answer.OWN) != (spec.message in own):
            raise CommandTableError(
                f"{spec.message.__name__}: {spec.answer} in the table of commands, and "
                f"{'a' if spec.message in own else 'no'} handler of its own in {__name__}"
            )
    on_a_case = [spec for spec in COMMANDS if spec.answer is not Answer.OWN]
    return {**own, **{spec.message: _case_handler(loader, spec) for spec in on_a_case}}


def _case_handler(loader: CaseContextLoader, spec: CommandSpec[Any]) -> CaseHandler:
    response, name = response_of(SERVICES, spec.message), spec.message.__name__
    if "dossier_code" not in spec.message.DESCRIPTOR.fields_by_name:
        raise CommandTableError(f"{name} has no dossier_code: it needs {Answer.OWN} and a handler")
    if spec.answer.value not in response.DESCRIPTOR.fields_by_name:
        raise CommandTableError(f"{name} has {spec.answer}, but {response.__name__} no such field")
    return CaseHandler(loader, response, _ANSWERS[spec.answer])


@dataclass(frozen=True)
class CaseHandler:
    """Handles a command on one case, answered with ``fields`` of the case's row."""

    loader: CaseContextLoader
    response: type[Message]
    fields: Callable[[Row, int], dict[str, Any]]

    def act(self, uow: UnitOfWork, request: Any, call: Call) -> list[Event]:
        """Decide and append; raise ``Invalid``, ``NotFound``, ``Forbidden`` and ``Refused``, and
        the latter only to who takes part in the case.
        """
        call = _as_it_happened(request, call)
        check(request, self.loader, call.now)
        code = request.dossier_code
        row = _row(uow, code)
        state: State = self.loader.with_present_units(uow.state(code), call.occurred_at)
        require_part(uow, row, state, call, self.loader)
        process = self.loader.process_for(request, state, row)
        context = self.loader.context_of(
            row, process, call.occurred_at, call.actor, known_roles(call)
        )
        context = replace(
            context,
            standing=standing_for(uow, request, state, context.at),
            roles_named=call.rule is not None and bool(call.rule.roles),
            above=above(uow, row),
            opened=lambda text: open_texts(uow.saved_keyring(), text),
        )
        require_own_unit(call.rule, context.actor, context.unit, within)
        self.loader.check_assignee(request, state, context)
        outcome = decide(state, request, context)
        if isinstance(outcome, Refusal):
            raise self.loader.refused(outcome, process)
        events = write(uow, code, outcome, call)
        log_withheld(code, outcome)
        by_system = replace(call, actor=uow.system_actor())
        for about in consequences(uow, row, outcome, call.occurred_at):
            events += uow.append_call(about.stream_id, [about.payload], by_system)
        return events

    def answer(
        self, uow: UnitOfWork, request: Any, call: Call, _events: Sequence[Event]
    ) -> Message:
        """Return the answer from the case's row as it is by then; raise ``NotFound``."""
        row = _row(uow, request.dossier_code)
        return self.response(**self.fields(row, call.now))


def _row(uow: UnitOfWork, code: str) -> Row:
    row = uow.get(CASES, code)
    if row is None:
        raise case.no_such_dossier()
    return row


def _as_it_happened(request: Message, call: Call) -> Call:
    """Take an importer's word for when it happened, unless it lies in the future."""
    importer = call.actor.kind == ActorKind.ACTOR_KIND_IMPORTER
    if not importer or "occurred_at" not in request.DESCRIPTOR.fields_by_name:
        return call
    at = instant_in(request, "occurred_at")
    if at is None:
        return call
    if lies_ahead(at, call.now):
        raise Invalid([in_future("occurred_at")])
    return replace(call, occurred_at=at)
