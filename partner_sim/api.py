"""The partner's side of the API: retries what may be retried, with the same request id."""

from __future__ import annotations

import asyncio
import hashlib
import random
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status
from motcua.postal.v1 import postal_partner_pb2 as pb
from motcua.postal.v1.postal_partner_pb2_grpc import PostalPartnerServiceStub

from partner_sim.fate import PlannedReport

TIMEOUT = 10.0
STREAM_TIMEOUT = 3600.0
AGAIN = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.CANCELLED,  # by the end of a server: what we cancel ourselves is no status
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.ABORTED,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
    }
)
"""What a retry with the same request id may cure; everything else is an answer."""


class JobRefused(Exception):
    """The office refused a call; ``reason`` is its code, such as LEASE_LOST, or the status."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Tls:
    """How TLS is spoken, by paths of PEM files."""

    ca: str = ""
    """The authorities of the service's certificate; empty: gRPC's own."""
    cert: str = ""
    """The certificate that is shown; empty for none."""
    key: str = ""

    def credentials(self) -> grpc.ChannelCredentials:
        """Read the files; raise ``OSError``."""
        files = (
            Path(name).read_bytes() if name else None for name in (self.ca, self.key, self.cert)
        )
        return grpc.ssl_channel_credentials(*files)


def connect(address: str, token: str, tls: Tls | None = None) -> PartnerClient:
    """Connect over TLS or in the clear, with a token where there is one; raise ``OSError`` for a
    file that can't be read.
    """
    options = [("grpc.keepalive_time_ms", 60_000), ("grpc.max_reconnect_backoff_ms", 1000)]
    if tls is not None:
        channel = grpc.aio.secure_channel(address, tls.credentials(), options)
    else:
        channel = grpc.aio.insecure_channel(address, options)
    return PartnerClient(channel, (("authorization", f"Bearer {token}"),) if token else ())


class PartnerClient:
    """One partner's connection."""

    def __init__(self, channel: grpc.aio.Channel, metadata: tuple[tuple[str, str], ...]) -> None:
        self._channel = channel
        self._stub = PostalPartnerServiceStub(channel)
        self._metadata = metadata
        self.retries = 0

    async def close(self) -> None:
        """Close the connection."""
        await self._channel.close()

    def offers(self, cursor: str) -> AsyncIterator[pb.StreamJobsResponse]:
        """Read the stream of offers from a cursor until it breaks."""
        request = pb.StreamJobsRequest(cursor=cursor)
        stream: AsyncIterator[pb.StreamJobsResponse] = self._stub.StreamJobs(
            request, timeout=STREAM_TIMEOUT, metadata=self._metadata
        )
        return stream

    async def take(self, job_id: str) -> pb.TakeJobResponse:
        """Take a job; raise ``JobRefused``."""
        answer: pb.TakeJobResponse = await self._call(
            self._stub.TakeJob, pb.TakeJobRequest(job_id=job_id)
        )
        return answer

    async def answer(self, job_id: str, number: int, reason_code: str) -> None:
        """Answer what the office asks, with a reason when it is too late; raise ``JobRefused``."""
        request = pb.AnswerChangeRequest(
            job_id=job_id, number=number, accepted=not reason_code, reason_code=reason_code
        )
        await self._call(self._stub.AnswerChange, request)

    async def refuse(self, job_id: str, attempt: int, reason_code: str) -> None:
        """Refuse a job; raise ``JobRefused``."""
        request = pb.RefuseJobRequest(job_id=job_id, attempt=attempt, reason_code=reason_code)
        await self._call(self._stub.RefuseJob, request)

    async def report(
        self,
        taken: pb.TakeJobResponse,
        step: PlannedReport,
        happened_at: float,
    ) -> bool:
        """Send a report about a job as it was taken, at the delivery with the money to collect;
        return whether the office calls it a contradiction; raise ``JobRefused``.
        """
        job_id, attempt = taken.job_id, taken.attempt
        common: dict[str, Any] = {
            "job_id": job_id,
            "attempt": attempt,
            "report_id": f"{job_id[:8]}-{attempt}-{step.report}",
            "happened_at": _timestamp(happened_at),
        }
        method: Callable[..., Awaitable[Any]]
        request: Any
        if step.call == "delivered":
            proof = hashlib.sha256(job_id.encode()).hexdigest()
            method, request = (
                self._stub.ReportDelivered,
                pb.ReportDeliveredRequest(**common, proof_sha256=proof, receiver_name="Người nhận"),
            )
            if taken.HasField("collect"):
                request.collected.CopyFrom(taken.collect)
                receipt = f"{taken.item_number}-{step.report}"
                request.phi_receipt = f"P-{receipt}" if taken.collect.phi else ""
                request.le_phi_receipt = f"L-{receipt}" if taken.collect.le_phi else ""
        elif step.call == "returned":
            method, request = (
                self._stub.ReportReturned,
                pb.ReportReturnedRequest(**common, reason_code=step.reason_code),
            )
        else:
            method, request = (
                self._stub.ReportTracking,
                pb.ReportTrackingRequest(**common, code=step.code, reason_code=step.reason_code),
            )
        return bool((await self._call(method, request)).contradicts)

    async def _call(self, method: Callable[..., Awaitable[Any]], request: Any) -> Any:
        request.request_id = str(uuid.uuid4())
        wait = 0.1
        while True:
            try:
                return await method(request, timeout=TIMEOUT, metadata=self._metadata)
            except grpc.aio.AioRpcError as error:
                if error.code() not in AGAIN:
                    raise JobRefused(reason_of(error)) from error
            self.retries += 1
            await asyncio.sleep(wait * random.uniform(0.5, 1.5))
            wait = min(wait * 2, 2.0)


def reason_of(error: grpc.aio.AioRpcError) -> str:
    """Return the office's reason code of a failed call, or its gRPC status."""
    for name, value in error.trailing_metadata() or ():
        if name == "grpc-status-details-bin" and isinstance(value, bytes):
            for detail in Status.FromString(value).details:
                info = ErrorInfo()
                if detail.Unpack(info):
                    return str(info.reason)
    return error.code().name


def _timestamp(seconds: float) -> Timestamp:
    whole = int(seconds)
    return Timestamp(seconds=whole, nanos=int((seconds - whole) * 1e6) * 1000)
