"""Decides whether one more call of a caller is taken, before anything of its request is read.

A caller is known by a valid token or credential, otherwise by the network address. What costs more
than a usual call counts as several: a request by its size, a stream, and a call for which a
connection was made.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Container
from typing import Final

from limits import parse
from motcua.events.v1.common_pb2 import Actor

from kernel.auth.identity import is_known
from kernel.config.call_limits import CallLimits
from kernel.messages.texts import TEXTS
from kernel.rpc.admission.concurrency import ConcurrencyLimits
from kernel.rpc.admission.late_answers import LateAnswers
from kernel.rpc.admission.rates import Rates
from kernel.rpc.method import Context
from kernel.rpc.peer import address_of
from kernel.rpc.statuses import TooMany

BYTES: Final = 2 * 1024
"""Of a request; each further as many count as one more call."""
CONNECTION: Final = 20
"""Calls as which a new connection counts."""
STREAM: Final = 20
"""Calls as which a stream counts."""
CONNECTIONS: Final = 10_000
"""Connections that are remembered."""


class Admission:
    """The limits on the callers of one process. Not thread-safe: for one event loop."""

    def __init__(self, limits: CallLimits, programs: Container[int] = ()) -> None:
        """``programs`` are the kinds of callers that are programs."""
        self._person, self._address, self._program = (
            parse(text) for text in (limits.person, limits.address, limits.program)
        )
        self._programs = programs
        self._rates = Rates()
        self._connections: OrderedDict[str, None] = OrderedDict()
        self.calls = ConcurrencyLimits(limits.calls_at_once)
        self.streams = ConcurrencyLimits(limits.streams_at_once)
        self.late = LateAnswers()

    def count(
        self, actor: Actor | None, context: Context, *, size: int = 0, stream: bool = False
    ) -> str:
        """Count a call and return its caller; raise ``TooMany`` when the rate is reached.

        ``actor`` is None for a caller whose credential is refused; ``size`` is the request's.
        """
        cost = (STREAM if stream else 1) + size // BYTES + self._connection(context.peer())
        if actor is None or not is_known(actor):
            caller, rate = f"address:{address_of(context)}", self._address
        else:
            caller = f"{actor.kind}:{actor.id}"
            rate = self._program if actor.kind in self._programs else self._person
        wait = self._rates.hit(rate, caller, cost)
        if wait:
            raise too_many("TOO_MANY_CALLS", wait)
        return caller

    def begin(self, caller: str, *, stream: bool) -> Callable[[], None]:
        """Count a call or stream as open and return what ends that; raise ``TooMany``."""
        limits = self.streams if stream else self.calls
        if not limits.take(caller):
            raise too_many("TOO_MANY_STREAMS" if stream else "TOO_MANY_CALLS_AT_ONCE")
        return lambda: limits.give_back(caller)

    def windows(self) -> int:
        """Return in how many windows calls are counted now; safe to ask from any thread."""
        return self._rates.windows()

    def _connection(self, peer: str) -> int:
        """Return what a call costs for its connection: something the first time it is met."""
        known = peer in self._connections
        self._connections[peer] = None
        self._connections.move_to_end(peer)
        if len(self._connections) > CONNECTIONS:
            self._connections.popitem(last=False)
        return 0 if known else CONNECTION


def too_many(code: str, retry: int = 1) -> TooMany:
    """Return the refusal of a code, which is answered late."""
    refusal = TooMany(*TEXTS.both(code, seconds=retry), code=code, retry=retry)
    refusal.late = True
    return refusal
