"""Fault 34: two commands on one dossier at the same version."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest
from motcua.intake.v1 import intake_pb2 as pb

from kernel.rpc.client import explain
from tests.support.databases import NewDatabase
from tests.support.desk import OFFICER, Desk, open_desk
from tests.support.events import name_of

pytestmark = pytest.mark.faults
Code = grpc.StatusCode


@pytest.fixture
def replicas(new_database: NewDatabase) -> Iterator[tuple[Desk, Desk]]:
    """Two desks on one database, each with a writer of its own; on SQLite and on PostgreSQL."""
    url, keys = new_database("intake"), new_database("keys")
    with open_desk(url, keys) as left, open_desk(url, keys) as right:
        yield left, right


def outcome(call: Any, request: Any) -> grpc.StatusCode:
    """Call, and give the code; ABORTED is tried again, as a client does."""
    while True:
        try:
            call(request, timeout=20, metadata=OFFICER)
        except grpc.RpcError as error:
            if explain(error).code != Code.ABORTED:
                return error.code()
        else:
            return Code.OK


def test_one_of_two_acceptances_wins(replicas: tuple[Desk, Desk]) -> None:
    """Of many acceptances of one dossier at once, in two processes, one has an effect."""
    left, right = replicas
    codes = [left.submit().dossier_code for _ in range(5)]
    requests = [
        (desk, pb.AcceptDossierRequest(request_id=str(uuid.uuid4()), dossier_code=code))
        for code in codes
        for desk in (left, right, left, right)
    ]
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda r: outcome(r[0].stub.AcceptDossier, r[1]), requests))

    by_dossier = [Counter(answers[n : n + 4]) for n in range(0, len(answers), 4)]
    assert by_dossier == [Counter({Code.OK: 1, Code.FAILED_PRECONDITION: 3})] * 5
    for code in codes:
        events = right.events(code)
        assert [name_of(e) for e in events] == [
            "DossierSubmitted",
            "DossierAccepted",
        ]
        assert [e.sequence for e in events] == [1, 2]


def test_acceptance_against_refusal(replicas: tuple[Desk, Desk]) -> None:
    """Accepting and refusing at once: one of the two is done, never both."""
    left, right = replicas
    codes = [left.submit().dossier_code for _ in range(10)]

    def race(code: str) -> set[grpc.StatusCode]:
        accept = pb.AcceptDossierRequest(request_id=str(uuid.uuid4()), dossier_code=code)
        refuse = pb.RefuseDossierRequest(
            request_id=str(uuid.uuid4()), dossier_code=code, reason_code="incomplete", reason="x"
        )
        with ThreadPoolExecutor(2) as two:
            done = two.submit(outcome, left.stub.AcceptDossier, accept)
            other = two.submit(outcome, right.stub.RefuseDossier, refuse)
            return {done.result(), other.result()}

    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(race, codes))

    assert outcomes == [{Code.OK, Code.FAILED_PRECONDITION}] * 10
    assert all([e.sequence for e in left.events(code)] == [1, 2] for code in codes)


def test_codes_of_two_replicas_are_unique(replicas: tuple[Desk, Desk]) -> None:
    """Two processes that number dossiers at once give each number once, without a gap."""
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda n: replicas[n % 2].submit().dossier_code, range(60)))

    assert sorted(int(code.rpartition("-")[2]) for code in answers) == list(range(1, 61))
