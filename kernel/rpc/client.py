"""The client's side of a call: the metadata to send, and the details of an error."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import grpc
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2 as details
from google.rpc.status_pb2 import Status

from kernel.auth.identity import AUTHORIZATION, CORRELATION, LANGUAGE, TRACE
from kernel.config.client_settings import ClientSettings, Target

DETAILS: Final = "grpc-status-details-bin"
OPTIONS: Final = (
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.keepalive_timeout_ms", 20_000),
    ("grpc.max_receive_message_length", 4 * 1024 * 1024),
)


def metadata(
    token: str = "", *, language: str = "vi", correlation_id: str = "", trace: str = ""
) -> tuple[tuple[str, str], ...]:
    """Return the metadata of a call, without what is empty; ``token`` names the caller."""
    pairs = {
        AUTHORIZATION: f"Bearer {token}" if token else "",
        LANGUAGE: language,
        CORRELATION: correlation_id,
        TRACE: trace,
    }
    return tuple((name, value) for name, value in pairs.items() if value)


def channel_to(library: Any, target: Target, settings: ClientSettings, options: Any) -> Any:
    """Return a channel of ``grpc`` or of ``grpc.aio``; raise ``OSError`` for a file of TLS that
    can't be read.
    """
    if not target.tls:
        return library.insecure_channel(target.address, options=options)
    return library.secure_channel(target.address, settings.client_credentials(), options=options)


@dataclass(frozen=True)
class RpcProblem:
    """The reason for which a call failed."""

    code: grpc.StatusCode
    text: str
    """In the language asked for."""
    reason: str = ""
    """The code of the rule that was broken, such as ``TOO_LATE``; may be empty."""
    fields: dict[str, str] = field(default_factory=dict)
    """Each wrong field with all that is wrong with it, divided by semicolons."""
    retry_after: float | None = None
    """Seconds after which a retry may help; None when it will not."""
    trace: str = ""
    """The id of the trace, by which an operator finds the fault."""


def explain(error: grpc.RpcError) -> RpcProblem:
    """Return the details of a failed call."""
    code, text = error.code(), error.details() or ""
    status = Status()
    pairs: Any = error.trailing_metadata() or ()
    for name, value in pairs:
        if name == DETAILS:
            try:
                status = Status.FromString(value)
            except DecodeError:
                break
    reason, trace, retry_after = "", "", None
    fields: dict[str, str] = {}
    for part in status.details:
        if part.Is(details.BadRequest.DESCRIPTOR):
            bad = details.BadRequest()
            part.Unpack(bad)
            fields = _by_field(bad)
        elif part.Is(details.ErrorInfo.DESCRIPTOR):
            info = details.ErrorInfo()
            part.Unpack(info)
            reason = info.reason
        elif part.Is(details.RetryInfo.DESCRIPTOR):
            retry = details.RetryInfo()
            part.Unpack(retry)
            retry_after = retry.retry_delay.seconds + retry.retry_delay.nanos / 1e9
        elif part.Is(details.RequestInfo.DESCRIPTOR):
            request = details.RequestInfo()
            part.Unpack(request)
            trace = request.request_id
    return RpcProblem(code, text, reason, fields, retry_after, trace)


def _by_field(bad: details.BadRequest) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    for violation in bad.field_violations:
        texts = found.setdefault(violation.field, [])
        if violation.description not in texts:  # keys of a map share a path
            texts.append(violation.description)
    return {name: "; ".join(texts) for name, texts in found.items()}
