"""Spans as JSON lines in a file, for tests and demonstrations; several services may share the
file.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult


class FileExporter(SpanExporter):
    """Appends each batch of spans with one write, so that lines of several processes never mix."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Write the spans; a full disk loses them and nothing else."""
        try:
            os.write(self._file, "".join(_line(span) for span in spans).encode())
        except OSError:
            return SpanExportResult.FAILURE
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        """Close the file."""
        os.close(self._file)

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Do nothing: every batch is written at once."""
        return True


def _line(span: ReadableSpan) -> str:
    context = span.get_span_context()
    row = {
        "service": span.resource.attributes.get("service.name"),
        "name": span.name,
        "kind": span.kind.name.lower(),
        "trace_id": f"{context.trace_id:032x}" if context else "",
        "span_id": f"{context.span_id:016x}" if context else "",
        "parent_id": f"{span.parent.span_id:016x}" if span.parent else "",
        "start_ns": span.start_time,
        "end_ns": span.end_time,
        "status": span.status.status_code.name.lower(),
        "fault": span.status.description or "",
        "attributes": dict(span.attributes or {}),
    }
    return json.dumps(row, ensure_ascii=False) + "\n"
