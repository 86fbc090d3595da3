"""Works like a postal partner: takes jobs from the stream and reports on them at their time."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine
from random import Random
from typing import Any

import grpc
from motcua.postal.v1.postal_partner_pb2 import TakeJobResponse
from motcua.postal.v1.postal_pb2 import ChangeRequest

from partner_sim.api import JobRefused, PartnerClient
from partner_sim.clock import OfficeClock
from partner_sim.fate import Fate, PlannedReport, Rates, draw
from partner_sim.own_count import Attempt, SimulatorCount

HOUR = 3600.0
CALLS = 16
"""How many calls it makes at a time."""
_COUNTED = {"repeat": "repeats", "disorder": "disordered", "contradict": "contradictions"}


class Simulator:
    """One partner at work. With the same seed and the same order of offers it does the same."""

    def __init__(
        self, partner: PartnerClient, clock: OfficeClock, rates: Rates, seed: int, pace: float = 1.0
    ) -> None:
        self.count = SimulatorCount()
        self._partner = partner
        self._clock = clock
        self._rates = rates
        self._pace = pace
        self._random = Random(seed)
        self._calls = asyncio.Semaphore(CALLS)
        self._ending = asyncio.Event()
        self._said = ""
        self._jobs: set[asyncio.Task[None]] = set()

    def end(self) -> None:
        """Ask it to stop: no job is begun any more, calls that run are finished."""
        self._ending.set()

    async def run(self) -> None:
        """Work until ``end``, and return once no call is under way."""
        reader = asyncio.create_task(self._read())
        ending = asyncio.create_task(self._ending.wait())
        await asyncio.wait({reader, ending}, return_when=asyncio.FIRST_COMPLETED)
        for task in (reader, ending):
            task.cancel()
        failures = await asyncio.gather(reader, ending, return_exceptions=True)
        self._ending.set()
        while self._jobs:
            await asyncio.wait(self._jobs)
        self.count.counts["retries"] = self._partner.retries
        for failure in failures:
            if isinstance(failure, Exception):
                raise failure

    async def _read(self) -> None:
        cursor = ""
        while True:
            try:
                async for offer in self._partner.offers(cursor):
                    cursor = offer.cursor
                    if offer.HasField("change"):
                        self._start(self._answer(offer.change))
                    else:
                        self._begin(offer.job.job_id)
            except grpc.aio.AioRpcError as error:
                if error.code() in (
                    grpc.StatusCode.UNAUTHENTICATED,
                    grpc.StatusCode.PERMISSION_DENIED,
                    grpc.StatusCode.INVALID_ARGUMENT,
                ):
                    raise
                self._say(f"{error.code().name}: {error.details()}")
            self.count.counts["reconnects"] += 1
            await asyncio.sleep(0.2)

    def _say(self, why: str) -> None:
        """Print why the stream broke, unless it broke for the same reason before."""
        if why != self._said:
            self._said = why
            print(f"partner_sim: {why}", file=sys.stderr, flush=True)

    def _begin(self, job_id: str) -> None:
        self.count.counts["offered"] += 1
        fate = draw(self._random, self._rates, self._pace)
        self._start(self._work(job_id, fate))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._jobs.add(task)
        task.add_done_callback(self._jobs.discard)

    async def _answer(self, change: ChangeRequest) -> None:
        """Accept every second request of a job, and be too late for the others."""
        self.count.counts["changes"] += 1
        try:
            async with self._calls:
                reason = "" if change.number % 2 else "out_for_delivery"
                await self._partner.answer(change.job_id, change.number, reason)
        except JobRefused as no:
            if no.reason not in ("CHANGE_ENDED", "LEASE_LOST"):
                self.count.errors[no.reason] += 1

    async def _work(self, job_id: str, fate: Fate) -> None:
        attempt = Attempt(job_id, fate.kind)
        self.count.attempts.append(attempt)
        try:
            await self._carry(attempt, fate)
        except JobRefused as no:
            if no.reason == "LEASE_LOST":
                attempt.final = attempt.final or "lost"
            else:
                self.count.errors[no.reason] += 1

    async def _carry(self, attempt: Attempt, fate: Fate) -> None:
        if fate.kind == "refused":
            await self._refuse(attempt, "not_served")
            return
        async with self._calls:
            taken = await self._partner.take(attempt.job_id)
        self.count.counts["taken"] += 1
        attempt.attempt, attempt.item_number = taken.attempt, taken.item_number
        taken_at = self._clock.now()
        if fate.kind == "refused_after_taking":
            await self._refuse(attempt, "address_unknown")
        elif fate.kind == "silent":
            until = taken.lease_until
            await self._late_answer(taken, attempt, until.seconds + until.nanos / 1e9)
        else:
            for step in fate.steps:
                if not await self._sleep_until(taken_at + step.sent * HOUR):
                    return
                await self._report(taken, attempt, step, taken_at)

    async def _refuse(self, attempt: Attempt, reason_code: str) -> None:
        async with self._calls:
            await self._partner.refuse(attempt.job_id, attempt.attempt, reason_code)
        attempt.final = "refused"

    async def _late_answer(
        self, taken: TakeJobResponse, attempt: Attempt, lease_until: float
    ) -> None:
        """Stay silent until the lease has long ended, then claim the delivery."""
        if await self._sleep_until(lease_until + 2 * HOUR * self._pace):
            step = PlannedReport("delivered", 0, 0, report=1)
            await self._report(taken, attempt, step, lease_until)

    async def _report(
        self, taken: TakeJobResponse, attempt: Attempt, step: PlannedReport, taken_at: float
    ) -> None:
        happened_at = taken_at + step.happens * HOUR
        async with self._calls:
            contradicts = await self._partner.report(taken, step, happened_at)
        self.count.counts["reports"] += 1
        if step.fault:
            self.count.counts[_COUNTED[step.fault]] += 1
        if contradicts:
            attempt.contradictions += 1
        elif step.call != "tracked" and not attempt.final:
            attempt.final = step.call

    async def _sleep_until(self, instant: float) -> bool:
        """Wait for an instant of the office's time; False when the work ends before."""
        if self._ending.is_set():
            return False
        try:
            await asyncio.wait_for(self._ending.wait(), self._clock.real_seconds(instant))
        except TimeoutError:
            return True
        return False
