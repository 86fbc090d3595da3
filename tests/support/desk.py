"""The desk on a real gRPC server and a real database, without a broker.

Other services' events are put in by hand.
"""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import grpc
from google.protobuf.message import Message
from motcua.events.v1.common_pb2 import Actor, ActorKind
from motcua.events.v1.event_pb2 import Event
from motcua.intake.v1 import intake_pb2 as pb
from motcua.intake.v1.files_pb2_grpc import FileServiceStub
from motcua.intake.v1.intake_pb2_grpc import IntakeServiceStub
from sqlalchemy import Engine

from kernel.commands.command_bus import Commands, Reads
from kernel.config.settings import Settings
from kernel.crypto.keyring import Keyring
from kernel.eventsourcing.group_commit import Writer
from kernel.eventsourcing.unit_of_work import UnitOfWork
from kernel.files.folder_store import FolderStore
from kernel.rpc.client import RpcProblem, explain
from kernel.rpc.server import RpcServer
from kernel.storage.engines import open_engine
from office.catalogue.unit_overlay import UnitOverlay
from office.forms.typesetting import FormTemplates
from office.people.directory import Directory
from office.permissions import shipped
from office.sealed_text import seal_texts
from services.intake.application.decision_context import ContextLoader
from services.intake.application.files.inspection import Inspection
from services.intake.application.files.transfers import FileTransfers
from services.intake.application.files.uploads import Uploads
from services.intake.application.form_printer import FormPrinter
from services.intake.application.handlers import DossierHandlers
from services.intake.application.pin_access import PinAccess
from services.intake.domain.file_rules import FileLimits
from services.intake.file_rpc import FileServicer
from services.intake.file_rpc import service as file_service
from services.intake.rpc import IntakeServicer, service
from tests.support import call_limits
from tests.support.events import make_event, name_of
from tests.support.identity import metadata
from tests.support.intake_samples import MONDAY, small_catalogue, submission
from tests.support.models import INTAKE as MODEL
from tests.support.office_files import office_calendars

T = TypeVar("T")
PORTAL = "https://dichvucong.example.vn"
Metadata = tuple[tuple[str, str], ...]
CITIZEN = metadata("citizen")
ENGLISH = metadata("citizen", language="en")
GUEST: Metadata = ()
ENGLISH_GUEST = metadata(language="en")
OFFICER = metadata("officer", "an.nv", unit="H22.12", roles=["receptionist"])
ENGLISH_OFFICER = metadata("officer", "an.nv", unit="H22.12", roles=["receptionist"], language="en")
OF_THE_PROVINCE = metadata("officer", "mc.tinh", unit="H22", roles=["receptionist"])
OPERATOR = metadata("operator", "root")
IMPORTER = metadata("importer", "receipt")
PARTNER = metadata(token="motcua-development-buudien")


@dataclass
class Hands:
    """A clock that is set by hand."""

    at: int = MONDAY

    def now(self) -> int:
        """Return the instant that was set."""
        return self.at


@dataclass
class Desk:
    """A running desk and its client."""

    address: str
    clock: Hands
    writer: Writer
    keyring: Keyring
    store: FolderStore
    reading: Engine
    stub: IntakeServiceStub = field(init=False)
    files: FileServiceStub = field(init=False)
    channel: grpc.Channel = field(init=False)

    def __post_init__(self) -> None:
        self.channel = grpc.insecure_channel(self.address)
        self.stub = IntakeServiceStub(self.channel)
        self.files = FileServiceStub(self.channel)

    def call(self, method: str, request: Message, who: Metadata = OFFICER) -> Any:
        """Call a method; raise ``grpc.RpcError``."""
        return getattr(self.stub, method)(request, timeout=20, metadata=who)

    def problem(self, method: str, request: Message, who: Metadata = OFFICER) -> RpcProblem:
        """Call a method that must fail, and tell how."""
        try:
            self.call(method, request, who)
        except grpc.RpcError as error:
            return explain(error)
        raise AssertionError(f"{method} was answered")

    def submit(self, who: Metadata = CITIZEN, **changes: Any) -> pb.SubmitDossierResponse:
        """Hand in a dossier that is in order, as changed."""
        answer: pb.SubmitDossierResponse = self.call("SubmitDossier", submission(**changes), who)
        return answer

    def accept(self, code: str, who: Metadata = OFFICER) -> pb.AcceptDossierResponse:
        """Accept a dossier."""
        request = pb.AcceptDossierRequest(request_id=str(uuid.uuid4()), dossier_code=code)
        answer: pb.AcceptDossierResponse = self.call("AcceptDossier", request, who)
        return answer

    def accepted(self, **changes: Any) -> pb.SubmitDossierResponse:
        """Hand in a dossier and accept it."""
        answer = self.submit(**changes)
        self.accept(answer.dossier_code)
        return answer

    def hear(
        self, code: str, source: str, payload: Message, at: int = 0, officer: str = ""
    ) -> Event:
        """Put in an event of another service as if it were read from the log, with its reaction;
        its texts are sealed as that service seals them. ``officer`` is who did it.
        """
        system = Actor(kind=ActorKind.ACTOR_KIND_SYSTEM, id=source)
        person = Actor(kind=ActorKind.ACTOR_KIND_OFFICER, id=officer)

        def ingest(uow: UnitOfWork) -> Event:
            event = make_event(
                code,
                source,
                uow.sequence(code, source) + 1,
                seal_texts(uow, code, payload),
                actor=person if officer else system,
                occurred_at=at or self.clock.now(),
                recorded_at=self.clock.now(),
                causation_id="",
                correlation_id="",
            )
            uow.ingest(event, event.SerializeToString())
            reaction = MODEL.reactions.get(type(payload))
            if reaction is not None:
                uow.append_reaction(event, reaction(uow, event, payload), self.clock.now())
            return event

        return self.run(ingest)

    def run(self, work: Callable[[UnitOfWork], T]) -> T:
        """Run work in the writer."""
        return self.writer.submit(work).result(timeout=20)

    def events(self, code: str) -> list[Event]:
        """Read the desk's own events of a dossier."""
        return self.run(lambda uow: uow.own_events(code))

    def types(self, code: str) -> list[str]:
        """Return the desk's own events of a dossier."""
        return [name_of(event) for event in self.events(code)]


@contextmanager
def open_desk(
    url: str,
    keys: str,
    people: Callable[[], Directory] | None = None,
    *,
    files_in: Path | None = None,
    limits: FileLimits | None = None,
    scanner: str = "",
    **given: Any,
) -> Iterator[Desk]:
    """Run a desk on a database that may be empty; ``given`` goes to its settings."""
    made = tempfile.TemporaryDirectory(prefix="files-")
    store = FolderStore(files_in or Path(made.name))
    engine = open_engine(url, "intake")
    MODEL.tables.metadata.create_all(engine)
    vault = open_engine(keys, "keyring")
    keyring = Keyring(vault, b"k" * 32)
    clock = Hands()
    writer = Writer(engine, MODEL, keyring)
    reading = open_engine(url, "intake", read_only=True)
    reads = Reads(reading)
    commands = Commands(writer, clock, MODEL.tables, digest=keyring.digest)
    office = DossierHandlers(
        ContextLoader(small_catalogue(), office_calendars(), UnitOverlay(people)),
        clock,
        Uploads(limits or FileLimits()),
    )
    pins = PinAccess(writer, reads, keyring)
    forms = FormPrinter(FormTemplates(), people, PORTAL, keyring)
    inspection = Inspection((limits or FileLimits()).file, scanner)
    transfers = FileTransfers(store, inspection)
    files = FileServicer(office, commands, reads, writer, pins, keyring, transfers)
    servicer = IntakeServicer(office, commands, reads, pins, keyring, forms)
    settings = Settings(service="intake", port=0, database_url=url, **call_limits.SETTINGS, **given)
    services = [service(servicer, office), file_service(files, office)]
    rpc = RpcServer(settings, services, shipped())
    writer.start()
    desk = Desk(f"127.0.0.1:{rpc.start()}", clock, writer, keyring, store, reading)
    try:
        yield desk
    finally:
        desk.channel.close()
        rpc.drain(1.0)
        transfers.close()
        made.cleanup()
        writer.stop()
        reads.close()
        reading.dispose()
        engine.dispose()
        vault.dispose()
