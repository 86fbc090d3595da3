"""The audit service: the stored log, its hash chains, states as of any instant, reports."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

from google.protobuf.message import Message
from motcua.audit.v1 import audit_pb2 as pb
from motcua.audit.v1.finding_events_pb2 import FindingAcknowledged
from motcua.events.v1.event_pb2 import Event
from motcua.postal.v1.job_events_pb2 import ItemTracked
from sqlalchemy import Engine

from kernel.commands.command_methods import Handlers
from kernel.commands.command_table import check_contract
from kernel.commands.handler import FunctionHandler
from kernel.eventsourcing.authentication import Authenticator
from kernel.eventsourcing.command_context import Call
from kernel.eventsourcing.service_model import Model
from kernel.eventsourcing.unit_of_work import UnitOfWork
from kernel.kafka.cluster import Bootstrap
from kernel.runtime.definition import Parts, Runtime, ServiceDefinition
from kernel.runtime.periodic_tasks import PeriodicTask
from office.people.repository import open_directory
from office.permissions import shipped
from office.process.repository import installed_files, load_processes
from office.sealed_text import seal_texts
from office.streams import DOSSIER
from office.worktime.calendars.model import Calendar
from office.worktime.calendars.repository import find_calendar, repository_at
from services.audit import rpc
from services.audit.ledger import tree
from services.audit.ledger.proofs import Ledger
from services.audit.ledger.signing import Signer
from services.audit.record import acknowledgements, contradictions, recorder
from services.audit.record.log_source import log_of
from services.audit.record.verifier import LogVerifier
from services.audit.rpc import AuditServicer
from services.audit.settings import AuditSettings
from services.audit.tables import CHECKPOINTS, DOSSIERS, KERNEL, LEDGER_KEYS

COMMANDS: Final[tuple[type[Message], ...]] = (pb.AcknowledgeFindingRequest,)


def make_model() -> Model:
    """Return what the service does with events."""
    return Model(
        source="audit",
        stream_kind=DOSSIER,
        tables=KERNEL,
        projections={
            FindingAcknowledged: acknowledgements.note,
            ItemTracked: contradictions.note,
        },
        every=recorder.keep,
        read=tree.append,
        operational=frozenset({CHECKPOINTS.name, LEDGER_KEYS.name}),
        by_stream=[DOSSIERS],
        seal=seal_texts,
        migrations=Path(__file__).with_name("migrations"),
    )


def handlers_of(verifier: LogVerifier) -> Handlers:
    """Return the handler of each command; findings are those that a verifier has listed."""

    def acknowledge(
        uow: UnitOfWork, request: pb.AcknowledgeFindingRequest, call: Call
    ) -> Sequence[Event]:
        found = verifier.finding(request.finding_id)
        return acknowledgements.acknowledge(uow, found, request, call)

    return {
        pb.AcknowledgeFindingRequest: FunctionHandler(acknowledge, acknowledgements.answer),
    }


def verify(
    engine: Engine, bootstrap: Bootstrap, topic: str, authenticator: Authenticator | None
) -> pb.VerifyResult:
    """Verify the record beside a topic, whether the service runs or not; raise ``Unavailable``
    when the broker does not answer.
    """
    result = pb.VerifyResult()
    for answer in LogVerifier(engine, log_of(bootstrap, topic), authenticator).run():
        result = answer.result
    return result


def define(settings: AuditSettings) -> ServiceDefinition:
    """Return the whole service.

    Raise ``DocumentError`` for a directory of people or processes that can't be used,
    ``CommandTableError`` naming an RPC that has no method, and ``PermissionsError`` naming one that
    has no rule.
    """
    permissions = shipped()
    check_contract({rpc.AuditServicer: rpc.SERVICE}, COMMANDS, permissions)
    calendar_of = partial(find_calendar, settings.calendars_dir)

    def calendar_for(unit: str, at: int) -> Calendar:
        return repository_at(settings.calendars_dir).calendar_for(unit, at)

    people = open_directory(settings.people_directory)
    processes = load_processes(installed_files(settings.processes_dir))

    def build(runtime: Runtime) -> Parts:
        verifier = LogVerifier(
            runtime.engine,
            log_of(settings.cluster, settings.topic),
            runtime.model.authenticator,
        )
        keys = settings.signing_keys()
        ledger = Ledger(keys)
        servicer = AuditServicer(
            runtime.reads,
            runtime.clock,
            verifier,
            ledger,
            calendar_of,
            people,
            processes,
            calendar_for,
        )
        signer = PeriodicTask("checkpoint", settings.checkpoint_seconds, Signer(keys))
        return Parts(
            servicers=[rpc.service(servicer, runtime.commands, handlers_of(verifier))],
            periodic_tasks=[signer],
        )

    return ServiceDefinition(make_model(), permissions, build)
