"""AuditService: translates requests to queries, and rows to responses.

The methods of commands are made from their handlers.
"""
# ruff: noqa: N802 - gRPC names the methods

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar

import grpc
from google.protobuf.descriptor import ServiceDescriptor
from motcua.audit.v1 import audit_pb2 as pb
from motcua.audit.v1.audit_pb2_grpc import AuditServiceServicer, add_AuditServiceServicer_to_server
from sqlalchemy import Connection

from kernel.auth.identity import caller
from kernel.base import page_token
from kernel.base.clock import Clock
from kernel.base.errors import Invalid, NotFound, Violation
from kernel.base.instants import instant_in, local_date, to_timestamp
from kernel.commands.command_bus import Commands, Reads
from kernel.commands.command_methods import Handlers, add_command_methods
from kernel.rpc.registration import Service
from office.catalogue.dossier_code import OFFICE_ZONE
from office.catalogue.known_units import known_units
from office.normalization.formats import normalizer_of
from office.people.access_scope import AccessScope, access_scope_of
from office.people.directory import Directory
from office.process.model.process import Processes
from office.streams import DOSSIER
from office.worktime.calendars.vietnam import state_office
from services.audit import responses
from services.audit.deadlines import listing
from services.audit.deadlines.explain import explain
from services.audit.deadlines.explanation import CalendarOf
from services.audit.deadlines.listing import DeadlineFilter
from services.audit.ledger.proofs import Ledger
from services.audit.record import contradictions, replay
from services.audit.record.replay import ReplayRange
from services.audit.record.verifier import LogVerifier
from services.audit.reports import answers, pause_answers, pauses, queries, simulation_answers
from services.audit.reports.answers import BAD_TOKEN
from services.audit.reports.simulated_period import CalendarFor, simulate
from services.audit.state.as_of import dossier_row, events_of, units_of
from services.audit.state.local_days import zone_of
from services.audit.state.organisation import Organisation, UnitFilter
from services.audit.state.portal_state import DossierRow
from services.audit.state.times import Times, stated_known_at, times_of
from services.audit.wording.names import Names, along
from services.audit.wording.texts import TEXTS

Context = grpc.aio.ServicerContext[Any, Any]
SERVICE: Final[ServiceDescriptor] = pb.DESCRIPTOR.services_by_name["AuditService"]
T = TypeVar("T")
PAGE_SIZE: Final = 100
STREAMS_READ: Final = 2
"""Reads of streams that run at a time, so that those of other calls find a thread."""
NO_PROCESSES: Final = Processes(())
INSPECTOR: Final = "inspector"
"""The role of officers who see all dossiers."""


class AuditServicer(AuditServiceServicer):
    """Answers from the audit store: the methods that only read."""

    def __init__(
        self,
        reads: Reads,
        clock: Clock,
        verifier: LogVerifier,
        ledger: Ledger,
        calendar_of: CalendarOf,
        people: Callable[[], Directory] | None = None,
        processes: Processes = NO_PROCESSES,
        calendar_for: CalendarFor = lambda _unit, _at: state_office(),
    ) -> None:
        """``people`` returns the directory as it is now; None where there is none. ``processes``
        name the steps. ``calendar_for`` returns the calendar by which a unit works at an instant.
        """
        self._processes = processes
        self._people = people
        self._calendar_for = calendar_for
        self._reads = reads
        self._calendar_of = calendar_of
        self._clock = clock
        self._verifier = verifier
        self._ledger = ledger
        self._heads = replay.ChainHeads(reads.run)
        self._streams_read = asyncio.Semaphore(STREAMS_READ)

    async def GetTimeline(
        self, request: pb.GetTimelineRequest, context: Context
    ) -> pb.GetTimelineResponse:
        """Return the whole history of a dossier, or of another stream."""
        code, times = request.dossier_code, times_of(request, self._clock.now())
        kind = request.stream_kind or DOSSIER
        zone, scope = _zone(request.time_zone), self._scope()

        def read(connection: Connection) -> pb.GetTimelineResponse:
            row = dossier_row(connection, code, None) if kind == DOSSIER else None
            rows = queries.timeline(connection, code, times.as_of, kind, times.known_at)
            if not rows:
                raise _unknown(code, times)
            if scope is not None:  # by the whole of it: an earlier time shows no more
                whole = queries.timeline(connection, code, None, kind)
                scope.require(units_of(whole) if kind == DOSSIER else ())
            shown = zone or (row["time_zone"] if row else OFFICE_ZONE)
            names = Names(self._people() if self._people else None)
            named = zip(rows, along(names, rows, self._processes), strict=True)
            entries = [responses.entry(row, shown, names) for row, names in named]
            return pb.GetTimelineResponse(dossier_code=code, entries=entries)

        return await self._reads.run(read)

    async def GetState(self, request: pb.GetStateRequest, context: Context) -> pb.GetStateResponse:
        """Return the state of a dossier now or as of an instant."""
        code, times = request.dossier_code, times_of(request, self._clock.now())

        def read(connection: Connection) -> pb.GetStateResponse:
            row = dossier_row(connection, code, times.as_of, times.known_at)
            if row is None:
                raise _unknown(code, times)
            return pb.GetStateResponse(
                state=responses.state(row, times.judged_at),
                as_of=to_timestamp(times.judged_at),
                known_at=stated_known_at(request),
            )

        return await self._reads.run(read)

    async def ListDeadlines(
        self, request: pb.ListDeadlinesRequest, context: Context
    ) -> pb.ListDeadlinesResponse:
        """List promised dates and desk checks."""
        deadline_filter, limit = self._filter(request), request.page_size or PAGE_SIZE

        def read(connection: Connection) -> list[DossierRow]:
            rows = listing.deadlines(connection, deadline_filter, limit + 1)
            if request.unit and not rows and not listing.knows_unit(connection, deadline_filter.of):
                raise _unknown_unit(request.unit)
            return rows

        found = await self._reads.run(read)
        page = found[:limit]
        responsible = self._organisation(deadline_filter.as_of).responsible
        return pb.ListDeadlinesResponse(
            deadlines=[responses.deadline(row, deadline_filter.as_of, responsible) for row in page],
            next_page_token=listing.next_page_token(deadline_filter, page[-1])
            if len(found) > limit
            else "",
            as_of=to_timestamp(deadline_filter.as_of),
            known_at=stated_known_at(request),
        )

    async def ExplainDeadline(
        self, request: pb.ExplainDeadlineRequest, context: Context
    ) -> pb.ExplainDeadlineResponse:
        """Explain a due date, and compute it again from the events."""
        code, times = request.dossier_code, times_of(request, self._clock.now())

        def read(connection: Connection) -> pb.ExplainDeadlineResponse:
            row = dossier_row(connection, code, times.as_of, times.known_at)
            if row is None:
                raise _unknown(code, times)
            events = events_of(connection, code, times.as_of, times.known_at)
            explanation = explain(events, self._calendar_of)
            return responses.explanation(code, row["time_zone"], explanation)

        return await self._reads.run(read)

    async def ListContradictions(
        self, request: pb.ListContradictionsRequest, context: Context
    ) -> pb.ListContradictionsResponse:
        """List the reports that contradict earlier ones."""
        times, limit = times_of(request, self._clock.now()), request.page_size or PAGE_SIZE
        after = ""
        if request.page_token:
            (after,) = page_token.place(request.page_token, BAD_TOKEN, str)

        def read(connection: Connection) -> pb.ListContradictionsResponse:
            page = contradictions.dossiers(connection, after, limit + 1)
            return pb.ListContradictionsResponse(
                contradictions=[
                    responses.contradiction(dossier, row)
                    for dossier in page[:limit]
                    for row in contradictions.reports(connection, dossier["dossier_code"], times)
                ],
                next_page_token=page_token.pack(page[limit - 1]["dossier_code"])
                if len(page) > limit
                else "",
            )

        return await self._reads.run(read)

    async def GetReport(
        self, request: pb.GetReportRequest, context: Context
    ) -> pb.GetReportResponse:
        """Count the official indicators of a period."""
        times = times_of(request, self._clock.now())
        asked = answers.report_request(request, times, self._organisation(times.judged_at))
        counted = await self._reads.run(lambda c: queries.report(c, asked, times.judged_at))
        return answers.report_response(request, counted)

    async def ListReportDossiers(
        self, request: pb.ListReportDossiersRequest, context: Context
    ) -> pb.ListReportDossiersResponse:
        """List the dossiers behind a figure of a report."""
        times = times_of(request.report, self._clock.now())
        organisation = self._organisation(times.judged_at)
        asked = answers.report_request(request.report, times, organisation)
        return await self._reads.run(
            lambda c: answers.list_dossiers(c, request, asked, times.judged_at, organisation)
        )

    async def ListPauseFindings(
        self, request: pb.ListPauseFindingsRequest, context: Context
    ) -> pb.ListPauseFindingsResponse:
        """List the pauses that put a date in doubt."""
        times = times_of(request, self._clock.now())
        asked = answers.period_request(request, times)
        found = await self._reads.run(
            lambda c: pauses.pause_report(c, asked, times.judged_at, self._calendar_of)
        )
        return pause_answers.pauses_response(request, found)

    async def SimulateDeadlines(
        self, request: pb.SimulateDeadlinesRequest, context: Context
    ) -> AsyncIterator[pb.SimulateDeadlinesResponse]:
        """Compute promised dates again under other rules."""
        now = self._clock.now()
        known_at = instant_in(request, "known_at")
        times = Times(None, known_at, now if known_at is None else min(known_at, now))
        asked, rules = answers.period_request(request, times), simulation_answers.rules_of(request)
        found = await self._reads.run(
            lambda c: simulate(
                c, asked, times.judged_at, rules, self._calendar_of, self._calendar_for
            )
        )
        for answer in simulation_answers.simulated_responses(found):
            yield answer

    async def StreamEvents(
        self, request: pb.StreamEventsRequest, context: Context
    ) -> AsyncIterator[pb.StreamEventsResponse]:
        """Replay the log."""
        replayed = ReplayRange(
            first=instant_in(request, "from_time"),
            end=instant_in(request, "to_time"),
            dossier_code=request.dossier_code,
            after={place.partition: place.offset for place in request.after},
        )
        if replayed.dossier_code and not request.follow:
            await self._reads.run(lambda c: _known(c, replayed.dossier_code))
        shared, follow = self._heads, request.follow
        async for row in replay.replay_events(
            self._read_for_stream, replayed, follow=follow, shared=shared
        ):
            yield responses.replayed(row)

    async def _read_for_stream(self, read: Callable[[Connection], T]) -> T:
        async with self._streams_read:
            return await self._reads.run(read)

    async def GetChain(self, request: pb.GetChainRequest, context: Context) -> pb.GetChainResponse:
        """Return the head of the hash chain of each partition."""
        rows = await self._reads.run(queries.chain_heads)
        return pb.GetChainResponse(heads=[pb.ChainHead(**row) for row in rows])

    async def GetCheckpoint(
        self, request: pb.GetCheckpointRequest, context: Context
    ) -> pb.GetCheckpointResponse:
        """Return the newest checkpoints."""
        return await self._reads.run(self._ledger.newest)

    async def GetInclusionProof(
        self, request: pb.GetInclusionProofRequest, context: Context
    ) -> pb.GetInclusionProofResponse:
        """Prove that a stream's events stand in the ledger."""
        code, kind, scope = request.dossier_code, request.stream_kind or DOSSIER, self._scope()

        def read(connection: Connection) -> pb.GetInclusionProofResponse:
            rows = queries.timeline(connection, code, None, kind)
            if not rows:
                raise NotFound(*TEXTS.both("dossier.unknown", code=code))
            if scope is not None:
                scope.require(units_of(rows) if kind == DOSSIER else ())
            return self._ledger.inclusion(connection, rows, request.checkpoint)

        return await self._reads.run(read)

    async def GetConsistencyProof(
        self, request: pb.GetConsistencyProofRequest, context: Context
    ) -> pb.GetConsistencyProofResponse:
        """Prove that the newest checkpoints continue earlier ones."""
        return await self._reads.run(lambda c: self._ledger.consistency(c, request.checkpoint))

    async def Verify(
        self, request: pb.VerifyRequest, context: Context
    ) -> AsyncIterator[pb.VerifyResponse]:
        """Verify the hash chains and the log: nothing was lost, altered or reordered."""
        steps = self._verifier.run(
            store_only=request.store_only,
            anchors=request.anchors,
            heads_of=lambda connection: self._ledger.heads(connection, request.checkpoint),
        )
        pool = ThreadPoolExecutor(1, thread_name_prefix="verify")
        loop = asyncio.get_running_loop()
        try:
            while (step := await loop.run_in_executor(pool, next, steps, None)) is not None:
                yield step
        finally:
            pool.submit(steps.close)
            pool.shutdown(wait=False)

    def _filter(self, request: pb.ListDeadlinesRequest) -> DeadlineFilter:
        times = times_of(request, self._clock.now())
        at, after = times.judged_at, listing.EARLIEST
        if request.page_token:
            try:
                at, after = listing.read_token(request.page_token)
            except ValueError:
                raise Invalid([BAD_TOKEN]) from None
        within = request.within.ToMicroseconds() if request.HasField("within") else None
        of = self._unit_filter(request.unit, at)
        past, known_at = times.as_of is not None, times.known_at
        return DeadlineFilter(at, past, within, request.overdue, of, after, known_at)

    def _unit_filter(self, unit: str, at: int) -> UnitFilter:
        """Return which dossiers are asked for, of those that the caller sees; raise ``Forbidden``
        for a unit of others.
        """
        units = self._organisation(at).work_of(unit) if unit else frozenset[str]()
        scope = self._scope()
        if scope is None:
            return UnitFilter(units)
        if unit:
            scope.require([unit])
            return UnitFilter(units)
        return UnitFilter(under=tuple(key for key in scope.access_keys() if key[:1] != "@"))

    def _scope(self) -> AccessScope | None:
        """Return what the caller sees: of officers, inspectors see everything and others what the
        own unit or one below it takes part in; None for everything.
        """
        who, now = caller(), self._organisation(self._clock.now())
        scope = access_scope_of(who, now.units, now.day)
        return None if INSPECTOR in who.roles else scope

    def _organisation(self, at: int) -> Organisation:
        """Return the office as it is organised on the day of an instant."""
        people = self._people() if self._people else None
        return Organisation(known_units(people), local_date(at, OFFICE_ZONE))


def service(servicer: AuditServicer, commands: Commands, handlers: Handlers) -> Service:
    """Offer the service: a servicer's queries, and a method for each command."""
    add_command_methods(servicer, SERVICE, handlers, commands.run)
    return Service(
        add_AuditServiceServicer_to_server, servicer, SERVICE.full_name, normalizer_of=normalizer_of
    )


def _zone(name: str) -> str:
    """Return the time zone asked for; raise ``Invalid`` when there is none of this name."""
    if name and zone_of(name).key != name:
        raise Invalid([Violation("time_zone", "time_zone", TEXTS.text("time_zone"))])
    return name


def _known(connection: Connection, code: str) -> None:
    if dossier_row(connection, code, None) is None:
        raise NotFound(*TEXTS.both("dossier.unknown", code=code))


def _unknown_unit(unit: str) -> NotFound:
    return NotFound(*TEXTS.both("unit.unknown", unit=unit))


def _unknown(code: str, times: Times) -> NotFound:
    key = "dossier.unknown_then"
    if times.as_of is None:
        key = "dossier.unknown" if times.known_at is None else "dossier.not_recorded"
    return NotFound(*TEXTS.both(key, code=code))
