"""A postal office that is called over gRPC; the log is fed by the test."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import grpc
from motcua.postal.v1 import postal_partner_pb2 as pb
from motcua.postal.v1.postal_partner_pb2_grpc import PostalPartnerServiceStub
from motcua.postal.v1.postal_pb2_grpc import PostalServiceStub

from infra.local.ports import free_port
from kernel.base.clock import Clock
from kernel.base.instants import to_timestamp
from kernel.commands.command_bus import Commands, Reads
from kernel.config.settings import Settings
from kernel.rpc.server import RpcServer
from kernel.runtime.periodic_tasks import TaskRunner
from kernel.storage.engines import open_engine
from office.permissions import shipped
from services.postal import partner_rpc, rpc
from services.postal.config.partners import DEVELOPMENT_TOKENS
from services.postal.schedulers import leases
from services.postal.tables import KERNEL
from tests.support import call_limits
from tests.support.identity import metadata
from tests.support.office_files import PARTNERS
from tests.support.postal_office import OfficeClock, PostalOffice

FIRST, SECOND = "buudien", "chuyenphat"
PROOF = "0" * 64


class CountingServicer(partner_rpc.PartnerServicer):
    """Counts the calls that reach a handler."""

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self.begun = 0

    async def GetMyJob(self, request: pb.GetMyJobRequest, context: Any) -> Any:  # noqa: N802
        """Count, then answer."""
        self.begun += 1
        return await super().GetMyJob(request, context)


class Serving:
    """One postal office with its gRPC server and its watch."""

    def __init__(self, office: PostalOffice, clock: Clock | None = None, **settings: Any) -> None:
        """``settings`` go to the Settings: TLS files, ``port`` and so on."""
        self.office = office
        self.clock = clock or OfficeClock(office)
        url = office.engine.url.render_as_string(hide_password=False)
        self._reads_engine = open_engine(url, "postal", read_only=True)
        self._reads = Reads(self._reads_engine)
        self.commands = Commands(office.writer, self.clock, KERNEL)
        self.port = settings.pop("port", None) or free_port()
        given = Settings(
            service="postal", port=self.port, database_url=url, **call_limits.SETTINGS, **settings
        )
        commits = partner_rpc.CommitCounter()
        office.writer.on_publish(commits.note_commit)
        self.partner_servicer = CountingServicer(
            self.commands, self._reads, office.queries, commits
        )
        servicer = rpc.PostalServicer(self._reads, office.queries)
        self.server = RpcServer(
            given,
            [
                rpc.service(servicer, self.commands, office.handlers),
                partner_rpc.service(self.partner_servicer, PARTNERS, office.handlers),
            ],
            shipped(),
        )
        self.server.start()
        self.server.set_ready(True)
        self._watcher = TaskRunner(
            office.writer, self.clock, [leases.leases(office.office)], lambda: True
        )
        self._watcher.start()
        self.channel = grpc.insecure_channel(f"127.0.0.1:{self.port}")
        self.partner = PostalPartnerServiceStub(self.channel)
        self.postal = PostalServiceStub(self.channel)

    def stop(self) -> None:
        """Stop the server and what belongs to it; the office stays."""
        self.channel.close()
        self.server.drain(0.2)
        self._watcher.stop()
        self._reads.close()
        self._reads_engine.dispose()


def as_partner(who: str = FIRST, language: str = "en") -> tuple[tuple[str, str], ...]:
    """Return the metadata of a partner's call."""
    return metadata(token=DEVELOPMENT_TOKENS[who], language=language)


def new_id() -> str:
    """Return a new request id."""
    return str(uuid.uuid4())


def take_request(job_id: str, **more: str) -> pb.TakeJobRequest:
    """Return a fresh request to take a job."""
    return pb.TakeJobRequest(request_id=new_id(), job_id=job_id, **more)


def tracking(job_id: str, at: int, code: str = "EMA", attempt: int = 1, **more: Any) -> Any:
    """Return a fresh tracking report."""
    fields = {"report_id": f"{code}-{at}"} | more
    return pb.ReportTrackingRequest(
        request_id=new_id(),
        job_id=job_id,
        attempt=attempt,
        code=code,
        happened_at=to_timestamp(at),
        **fields,
    )


def delivery(job_id: str, at: int, attempt: int = 1, **more: Any) -> pb.ReportDeliveredRequest:
    """Return a fresh report of a delivery."""
    fields = {"report_id": "pod", "proof_sha256": PROOF} | more
    return pb.ReportDeliveredRequest(
        request_id=new_id(), job_id=job_id, attempt=attempt, happened_at=to_timestamp(at), **fields
    )


def a_return(job_id: str, at: int, attempt: int = 1, **more: Any) -> pb.ReportReturnedRequest:
    """Return a fresh report of a return."""
    fields = {"report_id": "rts", "reason_code": "unclaimed"} | more
    return pb.ReportReturnedRequest(
        request_id=new_id(), job_id=job_id, attempt=attempt, happened_at=to_timestamp(at), **fields
    )


@contextmanager
def stream(
    serving: Serving, who: str = FIRST, cursor: str = ""
) -> Iterator[list[pb.StreamJobsResponse]]:
    """Collect a partner's stream in the background into the list that is given."""
    got: list[pb.StreamJobsResponse] = []
    call = serving.partner.StreamJobs(
        pb.StreamJobsRequest(cursor=cursor), timeout=60, metadata=as_partner(who)
    )

    def collect() -> None:
        try:
            for message in call:
                got.append(message)
        except grpc.RpcError:  # the test has seen enough
            pass

    thread = threading.Thread(target=collect)
    thread.start()
    try:
        yield got
    finally:
        call.cancel()
        thread.join(10)


Serve = Callable[..., Serving]
