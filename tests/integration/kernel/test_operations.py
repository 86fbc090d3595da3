"""What an operator asks of a service, over a real connection."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest
from motcua.operations.v1 import operations_pb2 as pb
from motcua.operations.v1.operations_pb2_grpc import OperationsServiceStub
from sqlalchemy import MetaData

from infra.local.ports import free_port
from kernel.base.clock import RealClock
from kernel.commands.command_bus import Commands, Reads
from kernel.config.settings import Settings
from kernel.consumer.applying import quarantine_rows
from kernel.consumer.consumer import Consumer
from kernel.eventsourcing.group_commit import Writer
from kernel.eventsourcing.record import Record
from kernel.eventsourcing.service_model import Model
from kernel.rpc.client import explain
from kernel.rpc.server import RpcServer
from kernel.runtime import operations_service
from kernel.storage.engines import open_engine
from kernel.storage.kernel_tables import kernel_tables
from office.permissions import shipped
from tests.support.identity import metadata

OPERATOR = metadata("operator", "root")
Code = grpc.StatusCode
TOPIC = "dossier.events"


class Office:
    """A service that is nothing but its operators' side; its consumer is not started."""

    def __init__(self, database_url: str) -> None:
        tables = kernel_tables(MetaData())
        self.engine = open_engine(database_url, "probe")
        tables.metadata.create_all(self.engine)
        self.reads_engine = open_engine(database_url, "probe", read_only=True)
        model = Model("intake", "dossier", tables)
        self.writer = Writer(self.engine, model)
        self.writer.start()
        bootstrap = f"127.0.0.1:{free_port()}"
        self.consumer = Consumer(
            self.writer, self.reads_engine, model, RealClock(), bootstrap, TOPIC
        )
        self.reads = Reads(self.reads_engine)
        commands = Commands(self.writer, RealClock(), tables)
        settings = Settings(service="probe", port=free_port(), database_url=database_url)
        service = operations_service.service("probe", commands, self.reads, self.consumer)
        self.server = RpcServer(settings, [service], shipped())
        self.channel = grpc.insecure_channel(f"127.0.0.1:{self.server.start()}")
        self.stub = OperationsServiceStub(self.channel)

    def quarantine(self, offset: int, code: str = "", reason: str = "undecodable") -> None:
        """Put a record into the quarantine, as the consumer does."""
        record = Record(0, offset, b"key", b"\xff\x00", [("ce_id", b"7")])
        self.writer.exclusive(
            lambda uow: quarantine_rows.quarantine(
                uow,
                TOPIC,
                record,
                reason,
                "not an event",
                stream=("dossier" if code else "", code),
                real_now=1_000_000,
            )
        ).result(10)

    def stop(self) -> None:
        """Stop everything."""
        self.channel.close()
        self.server.drain(0.1)
        self.writer.stop()
        self.reads.close()
        self.engine.dispose()
        self.reads_engine.dispose()


@pytest.fixture
def office(database_url: str) -> Iterator[Office]:
    """An office on SQLite, then on PostgreSQL."""
    running = Office(database_url)
    yield running
    running.stop()


def offsets(office: Office, **asked: Any) -> list[int]:
    """List the offsets of quarantined records."""
    request = pb.ListQuarantinedRequest(**asked)
    answer = office.stub.ListQuarantined(request, timeout=10, metadata=OPERATOR)
    return [record.offset for record in answer.records]


def test_status_counts_quarantined_records(office: Office) -> None:
    """The status tells of quarantined records, and -1 for a lag that nobody knows."""
    office.quarantine(3)
    office.quarantine(4)

    status = office.stub.GetStatus(pb.GetStatusRequest(), timeout=10)

    assert (status.service, status.ready) == ("probe", False)
    assert (status.quarantined, status.lag, status.outbox) == (2, -1, 0)


def test_records_are_listed_and_shown_as_they_came(office: Office) -> None:
    """An operator sees place, reason and the original bytes."""
    for offset in (7, 3, 5):
        office.quarantine(offset, code="A" if offset == 5 else "")

    shown = office.stub.GetQuarantined(
        pb.GetQuarantinedRequest(partition=0, offset=7), timeout=10, metadata=OPERATOR
    )

    assert offsets(office) == [3, 5, 7]
    assert offsets(office, stream_id="A") == [5]
    assert offsets(office, page_size=1) == [3]
    assert (shown.record.topic, shown.record.reason) == (TOPIC, "undecodable")
    assert (shown.key, shown.value, dict(shown.headers)) == (b"key", b"\xff\x00", {"ce_id": b"7"})
    assert shown.record.first_seen_at.seconds == 1


def test_missing_record_is_not_found(office: Office) -> None:
    """Asking for a record that is not quarantined gives NOT_FOUND."""
    with pytest.raises(grpc.RpcError) as caught:
        office.stub.GetQuarantined(
            pb.GetQuarantinedRequest(partition=1, offset=1), timeout=10, metadata=OPERATOR
        )

    assert explain(caught.value).code == Code.NOT_FOUND


def test_redrive_acts_once(office: Office) -> None:
    """The same redrive sent again, also at once, discards one record and not a second one."""
    for offset in (3, 4, 5):
        office.quarantine(offset, code="A")
    request = pb.RedriveRequest(request_id=str(uuid.uuid4()), stream_id="A", discard_first=True)

    def send(_: int) -> pb.RedriveResponse | grpc.StatusCode:
        try:
            answer: pb.RedriveResponse = office.stub.Redrive(request, timeout=20, metadata=OPERATOR)
            return answer
        except grpc.RpcError as error:
            return error.code()

    with ThreadPoolExecutor(4) as pool:
        at_once = list(pool.map(send, range(4)))
    later = send(0)

    answers = [a for a in at_once if isinstance(a, pb.RedriveResponse)]
    refusals = [a for a in at_once if not isinstance(a, pb.RedriveResponse)]
    assert answers
    assert all(a == later for a in answers)
    assert set(refusals) <= {Code.ABORTED}
    assert offsets(office) == [4, 5]


def test_redrive_cut_short_is_not_begun_again(office: Office) -> None:
    """A redrive that was noted but has no answer was cut short: it says so and does nothing."""
    office.quarantine(3, code="A")
    request = pb.RedriveRequest(request_id=str(uuid.uuid4()), stream_id="A", discard_first=True)
    office.stub.Redrive(request, timeout=20, metadata=OPERATOR)
    office.quarantine(4, code="A")
    with office.engine.begin() as connection:
        connection.exec_driver_sql("update requests set response = ''")

    with pytest.raises(grpc.RpcError) as caught:
        office.stub.Redrive(request, timeout=20, metadata=OPERATOR)

    assert caught.value.code() == Code.ALREADY_EXISTS
    assert offsets(office) == [4]


@pytest.mark.parametrize("kind", ["citizen", "officer", "importer"])
def test_only_operators_may_look_and_redrive(office: Office, kind: str) -> None:
    """Quarantined records hold whatever came: only an operator sees them."""
    codes = []
    for call, request in (
        (office.stub.ListQuarantined, pb.ListQuarantinedRequest()),
        (office.stub.GetQuarantined, pb.GetQuarantinedRequest()),
        (office.stub.Redrive, pb.RedriveRequest(request_id=str(uuid.uuid4()))),
    ):
        with pytest.raises(grpc.RpcError) as caught:
            call(request, timeout=10, metadata=metadata(kind, "x"))
        codes.append(caught.value.code())

    assert codes == [Code.PERMISSION_DENIED] * 3


def test_redrive_names_one_way_only(office: Office) -> None:
    """Naming a dossier and a place at once is refused."""
    request = pb.RedriveRequest(request_id=str(uuid.uuid4()), stream_id="A", offset=7)

    with pytest.raises(grpc.RpcError) as caught:
        office.stub.Redrive(request, timeout=10, metadata=OPERATOR)

    assert list(explain(caught.value).fields) == ["stream_id"]
