"""Nothing personal reaches logs, traces, metrics or errors: a name is planted and searched for."""

from __future__ import annotations

import io
import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from kernel.config.settings import Settings
from kernel.rpc.client import explain
from kernel.telemetry import logs
from kernel.telemetry.setup import start_telemetry
from tests.support.identity import metadata
from tests.support.logs import logged
from tests.support.probe.service import StartProbe, pb

NAME = "Trần Thị Bí Mật"
TRACE = "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01"
FAILURES = ("refused", "not_found", "conflict", "unavailable", "disk_full", "forbidden", "bug")


@pytest.fixture
def log_text() -> Iterator[io.StringIO]:
    """The log of this process while the test runs."""
    with logged("probe", "debug") as stream:
        yield stream


def test_planted_name_is_nowhere(
    start_probe: StartProbe,
    log_text: io.StringIO,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """A name in requests that succeed, are wrong, are refused, or meet a bug comes out nowhere."""
    traces = tmp_path / "traces.jsonl"
    reader = InMemoryMetricReader()
    settings = Settings(service="probe", port=0, database_url="", trace_file=traces)
    telemetry = start_telemetry(settings, readers=(reader,))
    errors: list[str] = []
    try:
        probe = start_probe()
        meta = metadata("officer", "an.nv", trace=TRACE)
        request_id = str(uuid.uuid4())
        right = pb.WriteRequest(request_id=request_id, code="A", full_name=NAME)
        probe.stub.Write(right, timeout=10, metadata=meta)
        wrong = [
            pb.WriteRequest(request_id=NAME, code="", full_name=NAME * 20, copies=-1),
            pb.WriteRequest(request_id=str(uuid.uuid4()), code="A", full_name=f"{NAME}\x00"),
            pb.WriteRequest(request_id=request_id, code="B", full_name=NAME),
        ]
        calls = [(probe.stub.Write, request) for request in wrong]
        calls += [(probe.stub.Fail, pb.FailRequest(how=how, full_name=NAME)) for how in FAILURES]
        for call, request in calls:
            with pytest.raises(grpc.RpcError) as caught:
                call(request, timeout=10, metadata=meta)
            problem = explain(caught.value)
            errors += [problem.text, *problem.fields, *problem.fields.values()]
            trailing: Any = caught.value.trailing_metadata()
            errors += [str(value) for _, value in trailing]
        metrics = reader.get_metrics_data()
        assert metrics is not None
        measured = str(metrics.to_json())
    finally:
        telemetry.shutdown()

    printed = capfd.readouterr()
    everything = {
        "errors": "\n".join(errors),
        "logs": log_text.getvalue() + printed.out + printed.err,
        "traces": traces.read_text(),
        "metrics": measured,
    }
    for where, text in everything.items():
        assert len(text) > 100, f"there is no text in {where}"
        for word in ("Bí Mật", "B\\u00ed M", "Tr\\u1ea7n"):
            assert word not in text, where


def test_spans_follow_the_callers_trace(start_probe: StartProbe, tmp_path: Path) -> None:
    """The server's span is a child of the caller's, and its trace goes into the outbox."""
    traces = tmp_path / "traces.jsonl"
    telemetry = start_telemetry(
        Settings(service="probe", port=0, database_url="", trace_file=traces)
    )
    try:
        probe = start_probe()
        request = pb.WriteRequest(request_id=str(uuid.uuid4()), code="A", full_name="An")
        probe.stub.Write(request, timeout=10, metadata=metadata("officer", "an", trace=TRACE))
    finally:
        telemetry.shutdown()

    (span,) = [json.loads(line) for line in traces.read_text().splitlines()]
    with probe.read_engine.connect() as connection:
        stored = connection.exec_driver_sql("select trace from outbox").scalar_one()
    assert span["name"] == "motcuaprobe.v1.ProbeService/Write"
    assert span["kind"] == "server"
    assert (span["trace_id"], span["parent_id"]) == tuple(TRACE.split("-")[1:3])
    assert stored.split("-")[1:3] == [span["trace_id"], span["span_id"]]


def test_log_lines_are_json_with_known_events(
    start_probe: StartProbe, log_text: io.StringIO
) -> None:
    """Each line is one JSON object whose event stands in the table."""
    probe = start_probe()
    with pytest.raises(grpc.RpcError):
        probe.stub.Fail(
            pb.FailRequest(how="bug", full_name=NAME), timeout=10, metadata=metadata("citizen")
        )
    probe.server.drain(0.1)

    lines = [json.loads(line) for line in log_text.getvalue().splitlines()]
    assert {"rpc.started", "rpc.failed", "rpc.draining"} <= {line["event"] for line in lines}
    assert {line["event"] for line in lines} <= set(logs.EVENTS)
    assert all(line["service"] == "probe" for line in lines)
    (failed,) = [line for line in lines if line["event"] == "rpc.failed"]
    assert failed["fault"] == "RuntimeError"
    assert failed["at"][-1].endswith(" Fail")


def test_repeated_bug_is_logged_ten_times_a_minute(
    start_probe: StartProbe, log_text: io.StringIO
) -> None:
    """A method that fails at every call fills no disk."""
    probe = start_probe()
    for _ in range(30):
        with pytest.raises(grpc.RpcError):
            probe.stub.Fail(pb.FailRequest(how="bug"), timeout=10, metadata=metadata("citizen"))

    failed = [line for line in log_text.getvalue().splitlines() if '"rpc.failed"' in line]
    assert len(failed) <= 10
