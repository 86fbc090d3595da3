"""`motcua conflicts`: dossiers of which a postal partner contradicts itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from motcua.postal.v1 import postal_pb2 as pb
from typer.testing import CliRunner

from cli import grpc_clients
from cli.commands import dossier
from cli.main import app
from kernel.base.instants import to_timestamp
from tests.support.audit_histories import at


class Postal:
    """A postal service that has two jobs with a conflict, one a page, unless there is none."""

    def __init__(self) -> None:
        self.asked: list[pb.ListJobsRequest] = []
        self.none = False

    def ListJobs(  # noqa: N802 - gRPC names the method
        self, request: pb.ListJobsRequest, **_call: Any
    ) -> pb.ListJobsResponse:
        """Return a page."""
        self.asked.append(pb.ListJobsRequest.FromString(request.SerializeToString()))
        if self.none:
            return pb.ListJobsResponse()
        number = 2 if request.page_token else 1
        job = pb.Job(
            job_id=f"j{number}",
            dossier_code=f"H22.12.03-210809-000{number}",
            unit="H22.12.03",
            partner_id="buudien",
            item_number="RN123456785VN",
            state=pb.JOB_STATE_DELIVERED,
            last_code="RTS",
            changed_at=to_timestamp(at("2021-08-10 15:58")),
        )
        return pb.ListJobsResponse(jobs=[job], next_page_token="" if number == 2 else "more")


@pytest.fixture
def postal(monkeypatch: pytest.MonkeyPatch) -> Postal:
    """Answer in the place of the postal service."""
    made = Postal()

    @contextmanager
    def stub() -> Iterator[Postal]:
        yield made

    monkeypatch.setattr(dossier, "postal_service", stub)
    monkeypatch.setattr(grpc_clients, "identity", lambda: ())
    return made


def test_every_page_is_listed(postal: Postal) -> None:
    """As one JSON document; only jobs with a conflict are asked for."""
    done = CliRunner().invoke(app, ["conflicts", "--unit", "H22.12", "--json"])
    assert done.exit_code == 0
    listed = json.loads(done.stdout)
    assert [each["dossier_code"][-4:] for each in listed] == ["0001", "0002"]
    assert (listed[0]["state"], listed[0]["last_code"]) == ("delivered", "RTS")
    assert all(request.conflict and request.unit == "H22.12" for request in postal.asked)


def test_the_table_names_dossier_partner_and_item(postal: Postal) -> None:
    """Who has to be asked, and about what."""
    done = CliRunner().invoke(app, ["conflicts"], env={"COLUMNS": "140"})
    assert done.exit_code == 0
    assert "H22.12.03-210809-0001" in done.stdout
    assert len(postal.asked) == 2


def test_no_conflict_is_said_in_words(postal: Postal) -> None:
    """Not by a table without rows."""
    postal.none = True
    done = CliRunner().invoke(app, ["conflicts"])
    assert (done.exit_code, done.stdout) == (0, "no partner contradicts itself\n")
