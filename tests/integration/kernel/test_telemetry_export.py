"""Telemetry leaves the process only where it was told to go."""

from __future__ import annotations

import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from concurrent import futures
from typing import Any

import grpc
import pytest
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2 as metrics_pb
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2_grpc as metrics_grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as trace_pb
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc as trace_grpc

from infra.local.ports import free_port
from kernel.config.settings import Settings
from kernel.telemetry import metrics
from kernel.telemetry.setup import start_telemetry
from kernel.telemetry.tracing import span
from tests.support.paths import ROOT


class Collector(trace_grpc.TraceServiceServicer, metrics_grpc.MetricsServiceServicer):
    """A collector that keeps what it gets."""

    def __init__(self) -> None:
        self.spans: set[str] = set()
        self.metrics: set[str] = set()
        self.services: set[str] = set()

    def Export(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Take spans or metrics; both services call it so."""
        if isinstance(request, trace_pb.ExportTraceServiceRequest):
            for resource in request.resource_spans:
                self._name(resource)
                for scope in resource.scope_spans:
                    self.spans |= {each.name for each in scope.spans}
            return trace_pb.ExportTraceServiceResponse()
        for resource in request.resource_metrics:
            self._name(resource)
            for scope in resource.scope_metrics:
                self.metrics |= {each.name for each in scope.metrics}
        return metrics_pb.ExportMetricsServiceResponse()

    def _name(self, resource: Any) -> None:
        for pair in resource.resource.attributes:
            if pair.key == "service.name":
                self.services.add(pair.value.string_value)


@pytest.fixture
def collector() -> Iterator[tuple[Collector, str]]:
    """A running collector and its address."""
    server = grpc.server(futures.ThreadPoolExecutor(2))
    found = Collector()
    trace_grpc.add_TraceServiceServicer_to_server(found, server)
    metrics_grpc.add_MetricsServiceServicer_to_server(found, server)
    port = server.add_insecure_port(f"127.0.0.1:{free_port()}")
    server.start()
    yield found, f"http://127.0.0.1:{port}"
    server.stop(0).wait(10)


def test_otlp_gets_spans_and_metrics(collector: tuple[Collector, str]) -> None:
    """With OTEL_EXPORTER_OTLP_ENDPOINT a collector gets what happened, by the service's name."""
    found, endpoint = collector
    telemetry = start_telemetry(
        Settings(service="probe", port=0, database_url="", otlp_endpoint=endpoint)
    )
    with span("test.work"):
        metrics.REPEATS.add(1)
    telemetry.shutdown()

    assert found.spans == {"test.work"}
    assert "motcua.consumer.repeats" in found.metrics
    assert found.services == {"probe"}


def test_collector_that_is_away_does_no_harm() -> None:
    """With nobody at the endpoint work goes on, and the end does not wait for ever."""
    endpoint = f"http://127.0.0.1:{free_port()}"
    telemetry = start_telemetry(
        Settings(service="probe", port=0, database_url="", otlp_endpoint=endpoint)
    )
    with span("test.work") as scope:
        metrics.REPEATS.add(1)
    telemetry.shutdown()

    assert scope.traceparent


def test_prometheus_reads_metrics_on_the_services_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """With <SERVICE>_METRICS_PORT the metrics are offered on the service's host."""
    port = free_port()
    monkeypatch.setenv("PROBE_METRICS_PORT", str(port))
    telemetry = start_telemetry(Settings(service="probe", port=0, database_url=""))
    metrics.REPEATS.add(3)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    telemetry.shutdown()

    assert "motcua_consumer_repeats" in text


def test_nothing_is_imported_that_is_not_used() -> None:
    """A service without exporters does not carry the SDK in its memory."""
    code = (
        "import sys\n"
        "from kernel.config.settings import Settings\n"
        "from kernel.telemetry.setup import start_telemetry\n"
        "from kernel.telemetry.tracing import span\n"
        "start_telemetry(Settings(service='probe', port=0, database_url=''))\n"
        "with span('work'): pass\n"
        "print([m for m in sys.modules if m.startswith('opentelemetry.sdk')])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60
    )

    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr
