"""Fault 72: the disk of a service's database is full. Callers, the status and the log are told just
that; nothing is half written, and all goes on by itself when there is space.
"""

from __future__ import annotations

from pathlib import Path

import grpc
import pytest
from motcua.intake.v1 import intake_pb2 as pb
from motcua.intake.v1.intake_pb2_grpc import IntakeServiceStub
from motcua.operations.v1.operations_pb2 import HaltReason
from sqlalchemy import text

from cli.grpc_clients import status_of
from infra.local.kafka import KafkaBroker
from kernel.base.errors import Unavailable
from kernel.base.halt import HaltReason as Reason
from kernel.eventsourcing.group_commit import Writer
from kernel.eventsourcing.unit_of_work import UnitOfWork
from kernel.rpc.client import explain
from kernel.storage.engines import open_engine
from tests.support.databases import DatabasePool
from tests.support.feed import log_of, wait_until
from tests.support.identity import metadata
from tests.support.paths import ROOT
from tests.support.resumptions import resume
from tests.support.service import ServiceProcess
from tests.support.small_disk import SmallDisk, python
from tests.support.tally import METADATA, MODEL
from tests.support.walk import submission

pytestmark = pytest.mark.faults
CITIZEN = metadata("citizen", "mai")
DISK_FULL = "DO $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END $$"
"""What PostgreSQL says when it has no space."""


def test_sqlite(kafka: KafkaBroker, topic: str, tmp_path: Path) -> None:
    """The same request, sent again when there is space, is carried out once."""
    desk = ServiceProcess("intake", tmp_path / "desk", kafka.bootstrap, topic)
    env = {**desk.env, "PYTHONPATH": f"{ROOT}:{ROOT / 'gen'}"}
    with SmallDisk(desk.folder, 32) as disk, desk.channel() as channel:
        disk.start(python("services.intake.main"), env)
        desk.wait_ready()
        stub = IntakeServiceStub(channel)

        def submit(request: pb.SubmitDossierRequest) -> str:
            answer: pb.SubmitDossierResponse = stub.SubmitDossier(
                request, timeout=30, metadata=CITIZEN
            )
            return answer.dossier_code

        codes = [submit(submission())]
        disk.fill()
        refused = submission()

        def full() -> bool:
            try:
                codes.append(submit(refused))
                refused.CopyFrom(submission())
            except grpc.RpcError as error:
                problem = explain(error)
                assert problem.code == grpc.StatusCode.UNAVAILABLE
                return problem.reason == "DATABASE_FULL"
            return False

        wait_until(full, 120, "there is no space left")
        wait_until(lambda: _reason(desk) == HaltReason.HALT_REASON_DATABASE_FULL, 60, "status")
        assert disk.runs
        assert '"database.full"' in disk.log.read_text()
        disk.free()
        wait_until(lambda: _reason(desk) == HaltReason.HALT_REASON_UNSPECIFIED, 60, "all is well")
        assert '"database.has_space"' in disk.log.read_text()  # without a command that says so
        codes.append(submit(refused))
        desk.wait_published()
        stored = sorted(event.stream_id for event in log_of(kafka.bootstrap, topic))
        assert stored == sorted(codes)


def _reason(desk: ServiceProcess) -> HaltReason | None:
    answer = status_of(desk.name, desk.address)
    return None if answer is None else answer.halt_reason


def test_postgresql(databases: DatabasePool) -> None:
    """It says so by a code of its own, which is not taken for a server that does not answer."""
    url = databases.take()
    engine = open_engine(url, "tally")
    METADATA.create_all(engine)
    writer = Writer(engine, MODEL)
    writer.start()

    def write(uow: UnitOfWork) -> None:
        uow.connection.execute(text(DISK_FULL))

    with pytest.raises(Unavailable) as refused:
        writer.submit(write).result(30)
    assert refused.value.code == Reason.DATABASE_FULL
    assert "disk is full" in refused.value.en
    assert writer.full
    writer.submit(resume(1)).result(30)
    assert not writer.full
    writer.stop()
    engine.dispose()
    databases.give_back(url)
