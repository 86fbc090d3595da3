"""Traces and metrics: cheap when nobody listens, complete when somebody does."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from kernel.telemetry import metrics, tracing
from kernel.telemetry.tracing import current_traceparent, span, span_from, valid
from services.notify.delivery import metrics as notify_metrics
from tests.support.paths import code_files

TRACE = "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01"

METRIC_MODULES = (metrics, notify_metrics)


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    """What is recorded while the test runs."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracing.record_with(provider)
    yield exporter
    tracing.record_with(None)


def test_traceparent_is_carried_on_without_recording() -> None:
    """With no exporter a given trace goes on as it is, and a missing one is begun."""
    with span_from(TRACE, "work"):
        carried = current_traceparent()
        with span("inner"):
            inner = current_traceparent()
    with span_from("", "work"):
        begun = current_traceparent()

    assert carried == inner == TRACE
    assert valid(begun)
    assert current_traceparent() == ""


@pytest.mark.parametrize(
    "broken",
    ["garbage", TRACE.upper(), "00-" + "0" * 32 + "-0123456789abcdef-01", TRACE + "\n", TRACE[:-1]],
)
def test_broken_traceparent_begins_a_trace(broken: str) -> None:
    """What is no traceparent is not carried on."""
    with span_from(broken, "work") as scope:
        assert scope.traceparent != broken
        assert valid(scope.traceparent)


def test_recorded_spans_are_nested(spans: InMemorySpanExporter) -> None:
    """Spans have the right parents, kinds and attributes."""
    with span_from(TRACE, "outer", "consumer", records=3), span("inner"):
        traceparent = current_traceparent()

    inner, outer = spans.get_finished_spans()
    assert f"{outer.context.trace_id:032x}" == TRACE.split("-")[1]
    assert outer.parent is not None
    assert f"{outer.parent.span_id:016x}" == TRACE.split("-")[2]
    assert inner.parent is not None
    assert inner.parent.span_id == outer.context.span_id
    assert traceparent.split("-")[2] == f"{inner.context.span_id:016x}"
    assert dict(outer.attributes or {}) == {"records": 3}


def test_exceptions_are_recorded_by_type_only(spans: InMemorySpanExporter) -> None:
    """A span that failed says the type of the fault, not its text."""
    with pytest.raises(ValueError, match="Bí Mật"), span("work"):
        raise ValueError("Trần Thị Bí Mật")

    (failed,) = spans.get_finished_spans()
    assert failed.status.description == "ValueError"
    assert failed.events == ()


def test_metrics_reach_a_reader() -> None:
    """Once bound, counters count, histograms have their own buckets, gauges ask their source."""
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader], shutdown_on_exit=False)
    gauge = metrics.Gauge("motcua.test.gauge", "{thing}", "A gauge of the test.")
    gauge.observe(lambda: [(3, {"partition": 0}), (4, {"partition": 1})])
    gauge.bind(provider.get_meter("test"))
    metrics.bind(provider.get_meter("motcua"))
    metrics.REPEATS.add(2)
    metrics.RPC_DURATION.record(0.004, {"method": "m", "code": "OK"})
    measured = reader.get_metrics_data()
    assert measured is not None
    text = measured.to_json()
    metrics.bind(None)
    provider.shutdown()

    assert '"motcua.consumer.repeats"' in text
    assert '"partition": 1' in text
    assert str(metrics.CALL_BUCKETS[2]) in text


def test_unbound_metrics_do_nothing() -> None:
    """Without an exporter nothing is kept."""
    metrics.REPEATS.add(1)
    metrics.RPC_DURATION.record(1.0)

    assert metrics.REPEATS._instrument is None


def test_every_metric_is_described_once() -> None:
    """Each metric has a name of its own, a unit, and a sentence; the list is complete."""
    listed = [each for module in METRIC_MODULES for each in module.METRICS]
    names = [each.name for each in listed]

    assert set(map(id, _defined().values())) == set(map(id, listed))
    assert len(names) == len(set(names))
    for each in listed:
        assert re.fullmatch(r"motcua(\.[a-z_]+){2}", each.name)
        assert each.unit
        assert re.fullmatch(r"[A-Z].+\.", each.sentence)


def test_every_metric_is_fed() -> None:
    """No metric is listed that no code gives a value to."""
    code = "\n".join(p.read_text() for p in code_files() if p.name != "metrics.py")
    assert [name for name in _defined() if f"metrics.{name}" not in code] == []


def _defined() -> dict[str, metrics.Metric]:
    return {
        name: each
        for module in METRIC_MODULES
        for name, each in vars(module).items()
        if isinstance(each, metrics.Metric)
    }


def test_no_metric_is_made_elsewhere() -> None:
    """No module but the lists makes an instrument."""
    makers = re.compile(
        r"create_(observable_)?(counter|gauge|histogram|up_down_counter)"
        r"|prometheus_client|(?<!metrics\.)\b(Counter|Histogram|Gauge)\(\s*\""
    )
    strays = [
        str(path)
        for path in code_files()
        if "telemetry" not in path.parts
        and path.name != "metrics.py"
        and makers.search(path.read_text())
    ]

    assert strays == []


def test_span_attributes_name_no_person() -> None:
    """No span in the code has an attribute named like personal data."""
    from kernel.telemetry.logs import PERSONAL

    for path in code_files():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("span", "span_from"):
                used = {word.arg for word in node.keywords}
                assert not used & PERSONAL, f"{path}:{node.lineno}"
