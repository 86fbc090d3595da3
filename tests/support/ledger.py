"""Citizens who hand in dossiers at several desks all the time, and keep what they were told."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from types import TracebackType

import grpc
from motcua.intake.v1 import intake_pb2 as pb
from motcua.intake.v1.intake_pb2_grpc import IntakeServiceStub
from sqlalchemy import Engine, select

from kernel.rpc.client import explain
from office.streams import DOSSIER
from services.intake.tables import KERNEL, SOURCE
from tests.support.feed import log_of, wait_until
from tests.support.identity import metadata
from tests.support.service import ServiceProcess
from tests.support.walk import submission

_AGAIN = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.ABORTED)
"""What a client tries again, with the same request."""


@dataclass(frozen=True)
class Acknowledged:
    """What a citizen has an answer for."""

    request_id: str
    code: str
    pin: str


class Ledger:
    """Sends from threads of its own, to one desk after the other; a context manager.

    A call that is refused for now is made again, as it was, until it is answered.
    """

    def __init__(self, desks: Sequence[ServiceProcess], threads: int = 4) -> None:
        self.acknowledged: list[Acknowledged] = []
        self.refused: Counter[str] = Counter()
        """Calls that were to be made again, by status and reason."""
        self.longest = 0.0
        """Seconds that the slowest answer took, all tries together."""
        self.failures: list[str] = []
        self._desks = desks
        self._ending = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(number,), name="citizen", daemon=True)
            for number in range(threads)
        ]

    def _run(self, number: int) -> None:
        channels = [desk.channel() for desk in self._desks]
        try:
            stubs = cycle([IntakeServiceStub(channel) for channel in channels])
            who = metadata("citizen", f"citizen-{number}")
            while not self._ending.is_set():
                self._submit(stubs, who)
        except Exception as error:
            self.failures.append(f"{type(error).__name__}: {error}")
        finally:
            for channel in channels:
                channel.close()

    def _submit(self, stubs: cycle[IntakeServiceStub], who: tuple[tuple[str, str], ...]) -> None:
        request, begun = submission(), time.monotonic()
        while True:
            try:
                answer: pb.SubmitDossierResponse = next(stubs).SubmitDossier(
                    request, timeout=30, metadata=who
                )
            except grpc.RpcError as error:
                if error.code() not in _AGAIN:
                    raise
                self.refused[f"{error.code().name} {explain(error).reason}".strip()] += 1
                self._ending.wait(0.02)
            else:
                break
        self.longest = max(self.longest, time.monotonic() - begun)
        acknowledged = Acknowledged(request.request_id, answer.dossier_code, answer.pin)
        self.acknowledged.append(acknowledged)

    def wait_more(self, number: int) -> None:
        """Wait until this many more were acknowledged."""
        wanted = len(self.acknowledged) + number
        wait_until(
            lambda: len(self.acknowledged) >= wanted or bool(self.failures),
            120,
            f"{number} more are acknowledged",
        )
        assert not self.failures, self.failures

    def stop(self) -> None:
        """Have no further request begun, and wait for those under way."""
        self._ending.set()
        for thread in self._threads:
            thread.join(60)
        assert not self.failures, self.failures

    def __enter__(self) -> Ledger:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ending.set()
        for thread in self._threads:
            thread.join(60)

    def check(self, desk: Engine, bootstrap: str, topic: str) -> None:
        """Check that every acknowledged dossier is there once, with the code that was told, and no
        stream was begun twice.
        """
        assert not self.failures, self.failures
        events = KERNEL.events.c
        first = select(events.stream_id, events.causation_id).where(
            events.source == SOURCE, events.stream_kind == DOSSIER, events.sequence == 1
        )
        with desk.connect() as connection:
            begun = {str(code): str(cause) for code, cause in connection.execute(first)}
        codes = {each.code: each.request_id for each in self.acknowledged}
        assert len(codes) == len(self.acknowledged), "a code was given twice"
        assert codes == {code: cause for code, cause in begun.items() if code in codes}
        assert len(set(begun.values())) == len(begun), "a request had two effects"
        logged: dict[tuple[str, int], str] = {}
        for event in log_of(bootstrap, topic):
            if event.source == SOURCE:
                place = event.stream_id, event.sequence
                assert logged.setdefault(place, event.event_id) == event.event_id, place
        assert {code for code, sequence in logged if sequence == 1} == begun.keys()
