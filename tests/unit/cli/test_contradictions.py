"""`motcua contradictions`: reports that contradict earlier ones, from the record."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from motcua.audit.v1 import audit_pb2 as pb
from typer.testing import CliRunner

from cli import grpc_clients
from cli.commands import contradictions
from cli.main import app
from tests.support.audit_histories import stamp


class Audit:
    """An audit service that has two contradictions, one a page."""

    def __init__(self) -> None:
        self.asked: list[pb.ListContradictionsRequest] = []

    def ListContradictions(  # noqa: N802 - gRPC names the method
        self, request: pb.ListContradictionsRequest, **_call: Any
    ) -> pb.ListContradictionsResponse:
        """Return a page."""
        self.asked.append(pb.ListContradictionsRequest.FromString(request.SerializeToString()))
        number = 2 if request.page_token else 1
        report = pb.TimelineEntry(
            type="ItemTracked",
            happened_at=stamp("2021-08-10 15:08"),
            occurred_at=stamp("2021-08-10 15:58"),
            recorded_at=stamp("2021-08-10 15:58"),
            summary=pb.LocalText(en="returned to the sender"),
        )
        found = pb.Contradiction(dossier_code=f"CU-{number}", unit="H22.12", report=report)
        more = "" if number == 2 else "more"
        return pb.ListContradictionsResponse(contradictions=[found], next_page_token=more)


@pytest.fixture
def audit(monkeypatch: pytest.MonkeyPatch) -> Audit:
    """Answer in the place of audit."""
    made = Audit()

    @contextmanager
    def stub() -> Iterator[Audit]:
        yield made

    monkeypatch.setattr(contradictions, "audit", stub)
    monkeypatch.setattr(grpc_clients, "identity", lambda: ())
    return made


def test_every_page_is_listed_by_both_times(audit: Audit) -> None:
    """As one JSON document of timeline entries; each page is asked by the same instants."""
    times = ("--as-of", "2021-08-11", "--known-at", "2021-08-12")
    done = CliRunner().invoke(app, ["contradictions", *times, "--json"])
    assert done.exit_code == 0
    listed = json.loads(done.stdout)
    assert [each["dossier_code"] for each in listed] == ["CU-1", "CU-2"]
    assert listed[0]["happened_at"] == "2021-08-10T15:08:00+07:00"
    assert listed[0]["recorded_at"] == "2021-08-10T15:58:00+07:00"
    assert len({request.known_at.seconds for request in audit.asked}) == 1
    assert all(r.as_of.seconds < r.known_at.seconds for r in audit.asked)


def test_the_table_has_both_times(audit: Audit) -> None:
    """When it happened, and when it was reported."""
    done = CliRunner().invoke(app, ["contradictions"], env={"COLUMNS": "140"})
    assert done.exit_code == 0
    assert "2021-08-10 15:08" in done.stdout
    assert "2021-08-10 15:58" in done.stdout
    assert len(audit.asked) == 2
