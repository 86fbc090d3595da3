"""Traces: one trace follows an action through gRPC, the outbox and Kafka by its W3C
``traceparent``.

Without an exporter nothing is recorded, but a traceparent is still made and carried on, so that
whoever records later sees whole traces. Attributes hold counts, codes and ids; never the content of
a request.
"""

from __future__ import annotations

import random
import re
from contextvars import ContextVar
from types import TracebackType
from typing import TYPE_CHECKING, Final, Literal, Self

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span, Tracer

Attribute = str | int | float | bool
Kind = Literal["internal", "server", "client", "producer", "consumer"]

_FORM: Final = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_current: ContextVar[str] = ContextVar("motcua_traceparent", default="")
_ids: Final = random.Random()


class _Recorder:
    """Holds the tracer once there is an exporter."""

    tracer: Tracer | None = None


def record_with(provider: TracerProvider | None) -> None:
    """Record spans with this provider from now on; None stops it."""
    _Recorder.tracer = None if provider is None else provider.get_tracer("motcua")


def recording() -> bool:
    """Return whether spans are recorded, to skip work that only makes spans."""
    return _Recorder.tracer is not None


def current_traceparent() -> str:
    """Return the traceparent of the span that this thread or task is in; empty outside of one."""
    return _current.get()


def valid(traceparent: str) -> bool:
    """Return whether a text is a traceparent that can be carried on."""
    return _FORM.fullmatch(traceparent) is not None


def new_traceparent() -> str:
    """Return the traceparent of a new trace."""
    return f"00-{_ids.getrandbits(127) + 1:032x}-{_ids.getrandbits(63) + 1:016x}-01"


class Scope:
    """A span while it lasts: ``with span_from(...) as span``."""

    __slots__ = ("_attributes", "_kind", "_name", "_outer", "_span", "traceparent")

    def __init__(
        self, traceparent: str, name: str, kind: Kind, attributes: dict[str, Attribute]
    ) -> None:
        self.traceparent = traceparent
        self._name = name
        self._kind = kind
        self._attributes = attributes
        self._span: Span | None = None
        self._outer = ""

    def set(self, name: str, value: Attribute) -> None:
        """Add an attribute: a count, a code or an id."""
        if self._span is not None:
            self._span.set_attribute(name, value)

    def fail(self, what: str) -> None:
        """Mark the span as failed; ``what`` is a code or a type's name, never a text."""
        if self._span is not None:
            from opentelemetry.trace import Status, StatusCode

            self._span.set_status(Status(StatusCode.ERROR, what))

    def __enter__(self) -> Self:
        if _Recorder.tracer is not None:
            self._start(_Recorder.tracer)
        elif not valid(self.traceparent):
            self.traceparent = new_traceparent()
        self._outer = _current.get()
        _current.set(self.traceparent)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        _current.set(
            self._outer
        )  # not a reset by token: a generator may be closed in another context
        if self._span is not None:
            if kind is not None:
                self.fail(kind.__name__)
            self._span.end()

    def _start(self, tracer: Tracer) -> None:
        from opentelemetry.trace import SpanKind
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        parent = TraceContextTextMapPropagator().extract({"traceparent": self.traceparent})
        self._span = tracer.start_span(
            self._name,
            context=parent,
            kind=SpanKind[self._kind.upper()],
            attributes=self._attributes,
        )
        context = self._span.get_span_context()
        self.traceparent = (
            f"00-{context.trace_id:032x}-{context.span_id:016x}-{int(context.trace_flags):02x}"
        )


def span_from(
    traceparent: str, name: str, kind: Kind = "internal", **attributes: Attribute
) -> Scope:
    """Open a span below a traceparent; an empty or broken one begins a trace. Cheap when nothing is
    recorded.
    """
    return Scope(traceparent, name, kind, attributes)


def span(name: str, kind: Kind = "internal", **attributes: Attribute) -> Scope:
    """Open a span below the one that this thread or task is in."""
    return Scope(_current.get(), name, kind, attributes)
