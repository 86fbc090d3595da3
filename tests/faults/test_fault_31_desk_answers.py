"""Fault 31, of callers: while the database is away, callers are told so and when to come again."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from motcua.intake.v1 import intake_pb2 as pb

from infra.local.ports import free_port
from infra.local.postgres import PostgresServer, PostgresUnavailable
from kernel.rpc.client import RpcProblem, explain
from tests.support.desk import CITIZEN, OFFICER, Desk, Metadata, open_desk
from tests.support.intake_samples import submission

pytestmark = pytest.mark.faults
Code = grpc.StatusCode


@pytest.fixture
def own_postgres(session_dir: Path) -> Iterator[PostgresServer]:
    """A server for this test alone, to be killed and started again."""
    server = PostgresServer(session_dir / f"postgres-{uuid.uuid4().hex[:8]}", free_port())
    try:
        server.start()
    except PostgresUnavailable as error:
        pytest.skip(str(error))
    yield server
    server.stop()


def problem(
    call: grpc.UnaryUnaryMultiCallable[Any, Any], request: object, who: Metadata
) -> RpcProblem:
    """Call, and read the failure: the desk's own, if it comes before the call's time is up."""
    with pytest.raises(grpc.RpcError) as caught:
        call(request, timeout=15, metadata=who)
    return explain(caught.value)


def submit_until_answered(desk: Desk, request: pb.SubmitDossierRequest) -> str:
    """Send one request again and again, as a client does that is told to come again."""
    end = time.monotonic() + 30
    while True:
        try:
            answer = desk.stub.SubmitDossier(request, timeout=10, metadata=CITIZEN)
        except grpc.RpcError as error:
            if error.code() != Code.UNAVAILABLE or time.monotonic() > end:
                raise
            time.sleep(0.1)
        else:
            return str(answer.dossier_code)


def test_desk_says_unavailable_and_recovers_alone(own_postgres: PostgresServer) -> None:
    """Commands and reads get UNAVAILABLE and when to retry; later the same requests work."""
    url, keys = own_postgres.create_database("intake"), own_postgres.create_database("keys")
    with open_desk(url, keys) as desk:
        known = desk.submit().dossier_code
        interrupted = submission()
        own_postgres.kill()
        refusals = [
            problem(desk.stub.SubmitDossier, interrupted, CITIZEN),
            problem(desk.stub.SubmitDossier, interrupted, CITIZEN),
            problem(desk.stub.GetDossier, pb.GetDossierRequest(dossier_code=known), OFFICER),
        ]
        own_postgres.start()
        code = submit_until_answered(desk, interrupted)
        again = submit_until_answered(desk, interrupted)

        assert [p.code for p in refusals] == [Code.UNAVAILABLE] * 3
        assert [p.retry_after for p in refusals] == [1.0] * 3
        assert code == again
        assert [known, code] == sorted([known, code])
        assert code.endswith("-0002")
        assert len(desk.events(code)) == 1
        assert len(desk.events(known)) == 1
