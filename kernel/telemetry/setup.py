"""Starts telemetry, once per process; without an exporter it costs nothing.

The SDK is imported only when something is to be exported: an idle service stays small.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from kernel.telemetry import metrics, tracing

if TYPE_CHECKING:
    from wsgiref.simple_server import WSGIServer

    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import MetricReader
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter

    from kernel.config.settings import Settings
    from kernel.telemetry.metrics import Instrument


EXPORT_SECONDS: Final = 2
"""Seconds that one export may take: a collector that is away must not delay the end of a service.
"""


class Telemetry:
    """The running exporters; ``shutdown`` sends what is left."""

    def __init__(
        self,
        traces: TracerProvider | None,
        meters: MeterProvider | None,
        own_metrics: Sequence[Instrument] = (),
        offered: WSGIServer | None = None,
    ) -> None:
        self._traces = traces
        self._meters = meters
        self._own_metrics = own_metrics
        self._offered = offered

    def shutdown(self) -> None:
        """Export what is left and stop; blocks for a few seconds without a collector."""
        tracing.record_with(None)
        metrics.bind(None, self._own_metrics)
        if self._traces is not None:
            self._traces.shutdown()
        if self._meters is not None:
            self._meters.shutdown(timeout_millis=EXPORT_SECONDS * 1000)
        if self._offered is not None:
            self._offered.shutdown()
            self._offered.server_close()


def start_telemetry(
    settings: Settings,
    readers: tuple[MetricReader, ...] = (),
    *,
    own_metrics: Sequence[Instrument] = (),
) -> Telemetry:
    """Start the traces and metrics that the settings describe.

    OTLP goes to ``OTEL_EXPORTER_OTLP_ENDPOINT``; spans also go to the file of ``MOTCUA_TRACE_FILE``
    as JSON lines; ``<SERVICE>_METRICS_PORT`` offers the metrics to Prometheus on the service's
    host. ``own_metrics`` are the service's, beside the kernel's; ``readers`` is for tests.
    """
    exporters = _span_exporters(settings)
    all_readers = [*readers, *_readers(settings)]
    offered = _offer(settings, all_readers)
    traces = _trace_with(exporters, settings) if exporters else None
    meters = _meter_with(all_readers, settings, own_metrics) if all_readers else None
    return Telemetry(traces, meters, own_metrics, offered)


def _offer(settings: Settings, readers: list[MetricReader]) -> WSGIServer | None:
    """Offer the metrics to Prometheus; raise ``OSError`` when the port is taken."""
    if not settings.metrics_port:
        return None
    from opentelemetry.exporter.prometheus import PrometheusMetricReader
    from prometheus_client import start_http_server

    readers.append(PrometheusMetricReader())
    server, _thread = start_http_server(settings.metrics_port, addr=settings.host)
    return server


def _span_exporters(settings: Settings) -> list[SpanExporter]:
    exporters: list[SpanExporter] = []
    if settings.otlp_endpoint:
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter

        exporters.append(
            OTLPSpanExporter(
                settings.otlp_endpoint, insecure=_insecure(settings), timeout=EXPORT_SECONDS
            )
        )
    if settings.trace_file:
        from kernel.telemetry.trace_file import FileExporter

        exporters.append(FileExporter(settings.trace_file))
    return exporters


def _readers(settings: Settings) -> list[MetricReader]:
    readers: list[MetricReader] = []
    if settings.otlp_endpoint:
        from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
        from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader

        exporter = OTLPMetricExporter(
            settings.otlp_endpoint, insecure=_insecure(settings), timeout=EXPORT_SECONDS
        )
        readers.append(PeriodicExportingMetricReader(exporter, export_interval_millis=15_000))
    return readers


def _insecure(settings: Settings) -> bool:
    return not settings.otlp_endpoint.startswith("https")


def _resource(settings: Settings) -> Resource:
    from opentelemetry.sdk.resources import Resource

    return Resource.create(
        {
            "service.namespace": "motcua",
            "service.name": settings.service,
            "deployment.environment.name": settings.mode,
        }
    )


def _trace_with(exporters: list[SpanExporter], settings: Settings) -> TracerProvider:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(resource=_resource(settings), shutdown_on_exit=False)
    for exporter in exporters:
        provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=500))
    tracing.record_with(provider)
    return provider


def _meter_with(
    readers: list[MetricReader], settings: Settings, own_metrics: Sequence[Instrument]
) -> MeterProvider:
    from opentelemetry.sdk.metrics import MeterProvider

    provider = MeterProvider(readers, resource=_resource(settings), shutdown_on_exit=False)
    metrics.bind(provider.get_meter("motcua"), own_metrics)
    return provider
