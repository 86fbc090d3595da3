"""PostalPartnerService: translates the calls of partners, known by their credential only."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final, TypeVar

import grpc
from google.protobuf.descriptor import ServiceDescriptor
from motcua.events.v1.common_pb2 import Actor, ActorKind
from motcua.postal.v1 import postal_partner_pb2 as pb
from motcua.postal.v1.postal_partner_pb2_grpc import (
    PostalPartnerServiceServicer,
    add_PostalPartnerServiceServicer_to_server,
)

from kernel.auth.identity import Credentials, caller
from kernel.base.errors import NotFound
from kernel.commands.command_bus import Commands, Reads
from kernel.commands.command_methods import Handlers, add_command_methods
from kernel.commands.handler import CommandHandler
from kernel.rpc.admission.admission import too_many
from kernel.rpc.admission.concurrency import ConcurrencyLimits
from kernel.rpc.registration import Service
from kernel.telemetry.logs import RateLimit, get_logger
from office.normalization.formats import normalizer_of
from services.postal.config.partners import Partners
from services.postal.domain import refusals
from services.postal.queries.cursors import read_stream_cursor
from services.postal.queries.jobs import Queries

Context = grpc.aio.ServicerContext[Any, Any]
SERVICE: Final[ServiceDescriptor] = pb.DESCRIPTOR.services_by_name["PostalPartnerService"]
T = TypeVar("T")
log = get_logger(__name__)

INTERVAL = 0.1
"""How often a stream compares the number of commits, in seconds; it costs no query."""
POLL_INTERVAL = 1.0
"""How often it asks the database in any case: another replica may have written."""


STREAMS = 8
"""How many streams a partner may have open, so that none keeps the others out."""


class CommitCounter:
    """Counts the commits that wrote events: the wake-up of waiting streams."""

    def __init__(self) -> None:
        self.count = 0

    def note_commit(self) -> None:
        """Note a commit; called from the writer's thread."""
        self.count += 1


class PartnerServicer(PostalPartnerServiceServicer):
    """What partners ask and do."""

    def __init__(
        self, commands: Commands, reads: Reads, queries: Queries, commits: CommitCounter
    ) -> None:
        self._commands = commands
        self._reads = reads
        self._queries = queries
        self._commits = commits
        self._streams = ConcurrencyLimits(STREAMS)
        self._strangers = RateLimit()

    async def StreamJobs(  # noqa: N802
        self, request: pb.StreamJobsRequest, context: Context
    ) -> AsyncIterator[pb.StreamJobsResponse]:
        """Stream the open offers and requests of the office behind the cursor, then what comes."""
        partner = caller().actor.id
        place = read_stream_cursor(request.cursor, partner)
        with self._streams.one_more(partner) as fits:
            if not fits:
                raise too_many("TOO_MANY_STREAMS")
            async for offer in self._follow(partner, place):
                yield offer

    async def _follow(self, partner: str, place: int) -> AsyncIterator[pb.StreamJobsResponse]:
        while True:
            seen, looked = self._commits.count, time.monotonic()
            offers = await self._reads.run(
                lambda c, place=place: self._queries.offered(c, partner, place)  # type: ignore[misc]
            )
            for number, offer in offers:
                yield offer
                place = number
            if not offers:
                while self._commits.count == seen and time.monotonic() < looked + POLL_INTERVAL:
                    await asyncio.sleep(INTERVAL)

    async def run_command(
        self, request: Any, context: Context, handler: CommandHandler[Any, Any]
    ) -> Any:
        """Run a command of the table. Who holds the job also gets the address, which is stored
        nowhere in clear.
        """
        run = self._commands.run(request, context, handler)
        answer: Any = await self._own(request.job_id, run)
        partner = caller().actor.id
        if isinstance(answer, pb.TakeJobResponse):
            await self._reads.run(lambda c: self._queries.complete_taking(c, partner, answer))
        if isinstance(answer, pb.AnswerChangeResponse):
            await self._reads.run(lambda c: self._queries.complete_answer(c, partner, answer))
        return answer

    async def GetMyJob(  # noqa: N802
        self, request: pb.GetMyJobRequest, context: Context
    ) -> pb.GetMyJobResponse:
        """Show a partner its own job."""
        who = caller()
        return await self._own(
            request.job_id,
            self._reads.run(
                lambda c: self._queries.own(c, who.actor.id, request.job_id, who.language)
            ),
        )

    async def ListMyJobs(  # noqa: N802
        self, request: pb.ListMyJobsRequest, context: Context
    ) -> pb.ListMyJobsResponse:
        """List a partner's own jobs."""
        partner = caller().actor.id
        return await self._reads.run(lambda c: self._queries.own_jobs(c, partner, request))

    async def _own(self, job_id: str, work: Awaitable[T]) -> T:
        """Note who asks for a job that is not theirs or does not exist; the answer is the same."""
        try:
            return await work
        except NotFound:
            partner = caller().actor.id
            if self._strangers.allow(partner):
                log.warning("postal.job_not_found", partner=partner, job_id=job_id)
            raise


def authenticator(partners: Partners) -> Callable[[Credentials], Actor]:
    """Return the function that authenticates a partner by its token or its client certificate."""

    def authenticate(credentials: Credentials) -> Actor:
        by_token = partners.by_token(credentials.bearer)
        by_certificate = partners.by_uris(credentials.san_uris)
        found = by_certificate or by_token
        wrong_token = credentials.bearer and by_token is not found
        if found is None or wrong_token:
            raise refusals.unauthenticated()
        return Actor(kind=ActorKind.ACTOR_KIND_PARTNER, id=found.id)

    return authenticate


def service(servicer: PartnerServicer, partners: Partners, handlers: Handlers) -> Service:
    """Offer the service to partners, on both listeners."""
    add_command_methods(servicer, SERVICE, handlers, servicer.run_command)
    return Service(
        add_PostalPartnerServiceServicer_to_server,
        servicer,
        SERVICE.full_name,
        authenticate=authenticator(partners),
        normalizer_of=normalizer_of,
    )
