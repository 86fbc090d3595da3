"""Which callers are one caller, and what a call costs."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest
from motcua.events.v1.common_pb2 import Actor, ActorKind

from kernel.config.call_limits import CallLimits
from kernel.rpc.admission.admission import BYTES, CONNECTION, STREAM, Admission
from kernel.rpc.method import Context
from kernel.rpc.statuses import TooMany

LIMITS = CallLimits(person="50/hour", address="60/hour", program="70/hour")
CITIZEN = Actor(kind=ActorKind.ACTOR_KIND_CITIZEN, id="mai")
OFFICER = Actor(kind=ActorKind.ACTOR_KIND_OFFICER, id="mai")
PARTNER = Actor(kind=ActorKind.ACTOR_KIND_PARTNER, id="buudien")
ANONYMOUS = Actor(kind=ActorKind.ACTOR_KIND_CITIZEN, id="guest")
GUEST = Actor()


def called(address: str = "192.0.2.1", port: int = 1) -> Context:
    """Return the context of a call over a connection."""
    context = SimpleNamespace(peer=lambda: f"ipv4:{address}:{port}", invocation_metadata=lambda: ())
    return cast(Context, context)


def admission() -> Admission:
    """Return the limits of a process; partners are programs."""
    return Admission(LIMITS, [ActorKind.ACTOR_KIND_PARTNER])


def taken(limits: Admission, actor: Actor | None, context: Context, size: int = 0) -> int:
    """Call until it is refused; return how many calls were taken."""
    number = 0
    while True:
        try:
            limits.count(actor, context, size=size)
        except TooMany as refused:
            return number if refused.code == "TOO_MANY_CALLS" and refused.late else -1
        number += 1


@pytest.mark.parametrize(
    ("actor", "amount"),
    [(CITIZEN, 50), (OFFICER, 50), (PARTNER, 70), (ANONYMOUS, 60), (GUEST, 60), (None, 60)],
    ids=["citizen", "officer", "program", "anonymous", "guest", "wrong token"],
)
def test_each_kind_of_caller_has_its_rate(actor: Actor | None, amount: int) -> None:
    """Persons, programs, and addresses of whoever shows no valid token."""
    assert taken(admission(), actor, called()) == amount - CONNECTION


def test_callers_are_told_apart() -> None:
    """By subject and kind wherever they call from, without a token by the address."""
    limits = admission()
    taken(limits, CITIZEN, called())
    taken(limits, GUEST, called())
    with pytest.raises(TooMany):
        limits.count(CITIZEN, called("192.0.2.2"))
    with pytest.raises(TooMany):
        limits.count(None, called())
    assert limits.count(OFFICER, called()) == "2:mai"
    assert limits.count(ANONYMOUS, called("192.0.2.2")) == "address:192.0.2.2"


def test_a_connection_costs_once() -> None:
    """A new connection for each call is dear; calls over one that is kept are not."""
    limits = admission()
    for port in range(50 // (1 + CONNECTION)):
        limits.count(CITIZEN, called(port=port))
    with pytest.raises(TooMany):
        limits.count(CITIZEN, called(port=99))


def test_a_stream_costs_more() -> None:
    """It reads before anybody takes what it has read."""
    limits = admission()
    limits.count(CITIZEN, called(), stream=True)
    with pytest.raises(TooMany):
        limits.count(CITIZEN, called(), size=BYTES * (50 - CONNECTION - STREAM))


def test_a_large_request_costs_more() -> None:
    """By its bytes, which have to be taken apart."""
    limits = admission()
    limits.count(GUEST, called())
    assert taken(limits, CITIZEN, called(), 9 * BYTES) == 5


@pytest.mark.parametrize(
    ("stream", "code"), [(False, "TOO_MANY_CALLS_AT_ONCE"), (True, "TOO_MANY_STREAMS")]
)
def test_so_many_are_open_at_once(stream: bool, code: str) -> None:
    """Calls and streams of a caller are counted by themselves, and given back."""
    limits = admission()
    ends = [
        limits.begin("a", stream=stream)
        for _ in range(LIMITS.streams_at_once if stream else LIMITS.calls_at_once)
    ]
    with pytest.raises(TooMany) as refused:
        limits.begin("a", stream=stream)
    assert refused.value.code == code
    limits.begin("a", stream=not stream)()
    limits.begin("b", stream=stream)()
    ends.pop()()
    ends.append(limits.begin("a", stream=stream))
    for end in ends:
        end()
    assert limits.calls.total == limits.streams.total == 0
