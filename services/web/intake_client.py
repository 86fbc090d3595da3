"""Calls intake for a citizen, who is a guest there and counted by the own network address."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any, Final

import grpc
import grpc.aio
from motcua.intake.v1 import intake_pb2 as pb
from motcua.intake.v1.intake_pb2_grpc import IntakeServiceStub

from kernel.rpc.client import OPTIONS, RpcProblem, channel_to, explain, metadata
from kernel.rpc.peer import FORWARDED
from kernel.telemetry.logs import RateLimit, get_logger
from services.web.settings import WebSettings

PATIENCE: Final = 5.0
"""Seconds until a service that does not answer counts as away."""
KEPT_SECONDS: Final = 60.0
"""Seconds for which the list of procedures is not asked for again."""
_AWAY: Final = {
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.INTERNAL,
    grpc.StatusCode.UNKNOWN,
    grpc.StatusCode.CANCELLED,
}
_log = get_logger(__name__)


class ServiceAway(Exception):
    """The service does not answer at present."""


class Refused(Exception):
    """The service has refused a call; ``problem`` says why."""

    def __init__(self, problem: RpcProblem) -> None:
        super().__init__(problem.reason)
        self.problem = problem


class IntakeClient:
    """Intake's methods for guests. For one event loop."""

    def __init__(self, settings: WebSettings) -> None:
        """Raise ``ValueError`` for settings by which intake can't be called."""
        self._settings = settings
        self._target = settings.target("intake")
        self._channel: Any = None
        self._logged = RateLimit(lines=1)
        self._procedures: Sequence[pb.Procedure] = ()
        self._asked = -KEPT_SECONDS
        self._asking = asyncio.Lock()

    async def open(self) -> None:
        """Open the channel, which connects when it is used."""
        self._channel = channel_to(grpc.aio, self._target, self._settings, OPTIONS)

    async def close(self) -> None:
        """Close the channel."""
        await self._channel.close()

    async def procedures(self, address: str) -> Sequence[pb.Procedure]:
        """Return the procedures that hold today: those of the last minute, and those known last
        while intake is away; raise ``ServiceAway`` when none are known.
        """
        async with self._asking:
            if time.monotonic() - self._asked > KEPT_SECONDS:
                try:
                    answer = await self._call(
                        "ListProcedures", pb.ListProceduresRequest(), address, "vi"
                    )
                except (ServiceAway, Refused) as error:
                    if not self._procedures:
                        raise ServiceAway from error
                else:
                    self._procedures = tuple(answer.procedures)
                    self._asked = time.monotonic()
            return self._procedures

    async def track(
        self, code: str, pin: str, address: str, language: str
    ) -> pb.TrackDossierResponse:
        """Return a dossier to whoever has its PIN; raise ``Refused`` or ``ServiceAway``."""
        request = pb.TrackDossierRequest(dossier_code=code, pin=pin)
        answer: pb.TrackDossierResponse = await self._call(
            "TrackDossier", request, address, language
        )
        return answer

    async def _call(self, method: str, request: Any, address: str, language: str) -> Any:
        named = (*metadata(language=language), (FORWARDED, address))
        call = getattr(IntakeServiceStub(self._channel), method)
        try:
            return await call(request, timeout=PATIENCE, metadata=named)
        except grpc.aio.AioRpcError as error:
            problem = explain(error)
            if problem.code in _AWAY:
                if self._logged.allow(method):
                    _log.warning("web.service_away", service="intake", status=problem.code.name)
                raise ServiceAway from error
            raise Refused(problem) from error
