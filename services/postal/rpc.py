"""PostalService over gRPC, for officers and operators: translates queries.

The methods of commands come from their table.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, Final

import grpc
from google.protobuf.descriptor import ServiceDescriptor
from motcua.events.v1.common_pb2 import ActorKind
from motcua.postal.v1 import postal_pb2 as pb
from motcua.postal.v1.postal_pb2_grpc import (
    PostalServiceServicer,
    add_PostalServiceServicer_to_server,
)

from kernel.auth.identity import Caller, caller
from kernel.commands.command_bus import Commands, Reads
from kernel.commands.command_methods import Handlers, add_command_methods
from kernel.rpc.registration import Service
from office.normalization.formats import normalizer_of
from office.people.access_scope import AccessScope, access_scope_of
from services.postal.queries.jobs import Queries

Context = grpc.aio.ServicerContext[Any, Any]
SERVICE: Final[ServiceDescriptor] = pb.DESCRIPTOR.services_by_name["PostalService"]


def without_directory(who: Caller) -> AccessScope | None:
    """Return what a caller sees where nobody knows of dissolved units."""
    return access_scope_of(who, {}, date.min)


class PostalServicer(PostalServiceServicer):
    """Answers queries of officers and operators."""

    def __init__(
        self,
        reads: Reads,
        queries: Queries,
        scope_of: Callable[[Caller], AccessScope | None] = without_directory,
    ) -> None:
        """``scope_of`` returns which units' jobs a caller sees; None: every job."""
        self._scope_of = scope_of
        self._reads = reads
        self._queries = queries

    async def GetJob(  # noqa: N802
        self, request: pb.GetJobRequest, context: Context
    ) -> pb.GetJobResponse:
        """Show a job; the person only to officers of its unit, or of one above."""
        who = caller()
        scope = self._scope_of(who)
        personal = who.actor.kind == ActorKind.ACTOR_KIND_OFFICER
        return await self._reads.run(
            lambda c: self._queries.job(
                c, request, who.language, personal=personal, access_scope=scope
            )
        )

    async def ListJobs(  # noqa: N802
        self, request: pb.ListJobsRequest, context: Context
    ) -> pb.ListJobsResponse:
        """List jobs; an officer sees those of the own unit and the ones below."""
        scope = self._scope_of(caller())
        return await self._reads.run(lambda c: self._queries.jobs(c, request, scope))

    async def ListPartners(  # noqa: N802
        self, request: pb.ListPartnersRequest, context: Context
    ) -> pb.ListPartnersResponse:
        """List the partners."""
        return await self._reads.run(self._queries.all_partners)


def service(servicer: PostalServicer, commands: Commands, handlers: Handlers) -> Service:
    """Offer the service: a servicer's queries, and a method for each command."""
    add_command_methods(servicer, SERVICE, handlers, commands.run)
    return Service(
        add_PostalServiceServicer_to_server,
        servicer,
        SERVICE.full_name,
        normalizer_of=normalizer_of,
    )
