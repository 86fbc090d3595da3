"""PostalService: translates the calls of officers and operators."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import grpc
from motcua.events.v1.common_pb2 import ActorKind
from motcua.postal.v1 import postal_pb2 as pb
from motcua.postal.v1.postal_pb2_grpc import (
    PostalServiceServicer,
    add_PostalServiceServicer_to_server,
)

from kernel.auth.identity import Caller, caller
from kernel.commands.command_bus import Commands, Reads
from kernel.rpc.registration import Service
from office.people.access_scope import AccessScope, access_scope_of
from services.postal.application import repeated_answers
from services.postal.application.handlers import JobHandlers
from services.postal.queries.jobs import Queries

Context = grpc.aio.ServicerContext[Any, Any]


def without_directory(who: Caller) -> AccessScope | None:
    """Return what a caller sees where nobody knows of dissolved units."""
    return access_scope_of(who, {}, date.min)


class PostalServicer(PostalServiceServicer):
    """What officers and operators ask and do."""

    def __init__(
        self,
        commands: Commands,
        reads: Reads,
        handlers: JobHandlers,
        queries: Queries,
        scope_of: Callable[[Caller], AccessScope | None] = without_directory,
    ) -> None:
        """``scope_of`` returns which units' jobs a caller sees; None: every job."""
        self._scope_of = scope_of
        self._commands = commands
        self._reads = reads
        self._handlers = handlers
        self._queries = queries

    async def GetJob(  # noqa: N802
        self, request: pb.GetJobRequest, context: Context
    ) -> pb.GetJobResponse:
        """Show a job; the person only to officers of its unit, or of one above."""
        who = caller()
        access_scope = self._scope_of(who)
        personal = who.actor.kind == ActorKind.ACTOR_KIND_OFFICER
        return await self._reads.run(
            lambda c: self._queries.job(
                c, request, who.language, personal=personal, access_scope=access_scope
            )
        )

    async def ListJobs(  # noqa: N802
        self, request: pb.ListJobsRequest, context: Context
    ) -> pb.ListJobsResponse:
        """List jobs; an officer sees those of the own unit and the ones below."""
        access_scope = self._scope_of(caller())
        return await self._reads.run(lambda c: self._queries.jobs(c, request, access_scope))

    async def ListPartners(  # noqa: N802
        self, request: pb.ListPartnersRequest, context: Context
    ) -> pb.ListPartnersResponse:
        """List the partners."""
        return await self._reads.run(self._queries.all_partners)

    async def ReofferJob(  # noqa: N802
        self, request: pb.ReofferJobRequest, context: Context
    ) -> pb.ReofferJobResponse:
        """Offer a job again by hand."""
        return await self._commands.run(
            request, context, self._handlers.reoffer, again=repeated_answers.reoffered
        )


def service(servicer: PostalServicer) -> Service:
    """Offer the service."""
    return Service(
        add_PostalServiceServicer_to_server,
        servicer,
        "motcua.postal.v1.PostalService",
    )
