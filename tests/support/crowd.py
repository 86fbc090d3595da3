"""Citizens and officers at a running stack, who remember every command they were told is done."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import date, time, timedelta
from typing import Any
from unittest.mock import patch

import grpc

from cli.options import OFFICE
from demo.results.checks import Checks
from demo.results.own_count import OwnCount
from demo.week import office_client
from demo.week.dossier_life import Week
from demo.week.office_client import OfficeClient
from demo.week.scenario import MONDAY, Filing, ScenarioOffer, draw, instant
from kernel.base.instants import HOUR, local_date
from tests.support.feed import wait_until
from tests.support.identity import local_issuer
from tests.support.invariants import ConfirmedCommand
from tests.support.stack import CHANNEL_OPTIONS, Stack

PATIENCE = 90.0
"""Seconds for which people wait for what was killed, on a machine that has other work, too."""


class Witnesses(OfficeClient):
    """The people of the week; ``told`` is their own record of what they were told is done."""

    def __init__(self, intake_channel: Any, routing_channel: Any, own_count: OwnCount) -> None:
        super().__init__(intake_channel, routing_channel, own_count, local_issuer())
        self.confirmed: list[ConfirmedCommand] = []

    async def resolve(self, code: str, step: Any, number: int, *, late: bool) -> Any:
        """Return the result, explained in any case: it may come through only when it is late."""
        return await super().resolve(code, step, number, late=True)

    async def _call(
        self,
        method: Callable[..., Awaitable[Any]],
        request: Any,
        who: Any,
        *,
        patient: bool = False,
    ) -> Any:
        answer = await super()._call(method, request, who, patient=patient)
        if "request_id" in request.DESCRIPTOR.fields_by_name:
            service = request.DESCRIPTOR.file.package.split(".")[1]
            code = getattr(request, "dossier_code", "") or answer.dossier_code
            self.confirmed.append(
                ConfirmedCommand(service, request.DESCRIPTOR.name, request.request_id, code)
            )
        return answer


@dataclass(frozen=True)
class Scene:
    """A week's dossiers in less time, begun when the stack is ready; in the office's time."""

    dossiers: int
    seed: int
    speed: float
    arrivals: float
    """The part of a week in which all come."""
    hours: float
    """How long people work on them."""

    def filings(self, offers: Sequence[ScenarioOffer], begins: int) -> list[Filing]:
        """Draw what will happen; most is worked fast, so that much happens soon."""
        monday = instant(MONDAY, time(7, 0))
        return [
            replace(
                filing,
                at=begins + int((filing.at - monday) * self.arrivals),
                pace=filing.pace if filing.late else filing.pace / 4,
            )
            for filing in draw(offers, self.dossiers, self.seed)
        ]


@dataclass
class Played:
    """What came of a scene, by the people's own record."""

    own_count: OwnCount
    confirmed: list[ConfirmedCommand]
    failures: list[BaseException]
    last: date
    """The local day on which the last of it was done."""


async def play(stack: Stack, scene: Scene, beside: Callable[[], None] = lambda: None) -> Played:
    """Play a scene to its end; ``beside`` runs in a thread meanwhile."""
    own_count = OwnCount()
    async with AsyncExitStack() as channels:
        intake, routing = [
            await channels.enter_async_context(
                grpc.aio.insecure_channel(stack.target(name), options=CHANNEL_OPTIONS)
            )
            for name in ("intake", "routing")
        ]
        client = Witnesses(intake, routing, own_count)
        offers = await client.offers()
        begins = max(stack.clock.now(), instant(MONDAY, time(7, 0)))
        closes = begins + int(scene.hours * HOUR)
        week = Week(client, own_count, stack.clock, scene.speed, closes)
        other = asyncio.create_task(asyncio.to_thread(beside))
        with patch.object(office_client, "PATIENCE", PATIENCE):
            lives = [asyncio.create_task(week.live(f)) for f in scene.filings(offers, begins)]
            ends = await asyncio.gather(*lives, return_exceptions=True)
        await other
    done = [at for e in own_count.entries for at in (e.accepted_at, e.resolved_at, e.withdrawn_at)]
    last = max(closes, *(at for at in done if at is not None))
    failures = [end for end in ends if isinstance(end, BaseException)]
    return Played(own_count, client.confirmed, failures, local_date(last, OFFICE))


def check_report(stack: Stack, played: Played) -> int:
    """Compare the report with the people's own count, once the last day is over.

    Gives the number of figures compared.
    """
    over = instant(played.last + timedelta(days=1), time(0, 0))
    wait_until(lambda: stack.clock.now() > over, 60, "the period is over")
    period = ("--from", MONDAY.isoformat(), "--to", played.last.isoformat())
    checks = Checks()
    for by in ("unit", "channel"):
        document = stack.motcua("report", *period, "--by", by, "--format", "json")
        checks.report(played.own_count, by, document, played.last)
    assert not checks.failed, checks.failed
    return checks.made
