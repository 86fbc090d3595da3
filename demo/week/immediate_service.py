"""Immediate service ("5 tại chỗ"): received, appraised, approved, sealed and returned at one desk
while the citizen waits; and the proof that each of the five acts has its time.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from motcua.audit.v1 import audit_pb2 as audit_pb

from cli.grpc_clients import identity
from cli.options import OFFICE
from cli.printer import counted
from cli.rpc_errors import audit
from demo.results.checks import Checks
from demo.results.own_count import Entry, OwnCount, PlayedStep
from demo.week.office_client import OfficeClient
from kernel.base.clock import Clock
from kernel.base.instants import MINUTE, to_datetime, to_us

PROCESS: Final = "on-the-spot"
ACTS: Final = ("received", "appraised", "approved", "sealed", "returned")
_EVENTS: Final = ("StepCompleted", "CaseResolved", "ResultReturned")
_LASTS: Final = {"receive": 6 * MINUTE, "appraise": 15 * MINUTE, "approve": 5 * MINUTE}
"""How long the officer takes for a step; sealing and handing over take as long as approving."""


async def serve(
    client: OfficeClient,
    clock: Clock,
    number: int,
    entry: Entry,
    work: Callable[[int], Awaitable[bool]],
) -> bool:
    """Play the acts one after the other; return whether the result was handed over in the week."""
    while True:
        found = await client.case(entry.code, entry.unit)
        step = found.case.current
        last = found.resolvable and not found.next_steps
        if not await work(clock.now() + _LASTS.get(step.step, 5 * MINUTE)):
            return False
        if not entry.steps:
            await client.assign(entry.code, step)
        asked_at = clock.now()
        if last:
            late = entry.due_at is not None and asked_at >= entry.due_at - 30 * MINUTE
            case = await client.resolve(entry.code, step, number, late=late)
        else:
            case = await client.complete(entry.code, step)
        due_at = to_us(step.due_at) if step.HasField("due_at") else None
        entry.steps.append(PlayedStep(step.step, due_at, asked_at, clock.now(), paused=False))
        if last:
            break
    entry.resolved_at = to_us(case.ended_at)
    entry.expect_mail("resolved")
    if not await work(clock.now() + 5 * MINUTE):
        return False
    await client.hand_over(entry.code, entry.unit)
    entry.handed_over = True
    entry.expect_mail("returned")
    return True


def served(own_count: OwnCount) -> list[Entry]:
    """List the dossiers of which all five acts were done."""
    return [entry for entry in own_count.entries if entry.process == PROCESS and entry.handed_over]


def compare(checks: Checks, own_count: OwnCount) -> None:
    """Compare the acts in each dossier's history with what the officer knows to have done: five,
    each later than the one before.
    """
    for entry in served(own_count):
        times = _times(entry)
        checks.equal(f"acts of immediate service of {entry.code}", len(ACTS), len(times))
        checks.equal(
            f"acts of immediate service of {entry.code} in order", sorted(set(times)), times
        )


def summary(own_count: OwnCount) -> str:
    """Describe the quickest of these dossiers by the times of its acts; empty if there is none."""
    every = served(own_count)
    if not every:
        return ""
    entry = min(every, key=_lasted)
    accepted = _accepted(entry)
    acts = zip(ACTS, _times(entry), strict=True)
    timed = ", ".join(f"{act} {_clock(at)}" for act, at in acts)
    return (
        f"served while the citizen waits: {counted(len(every), 'dossier')}; {entry.code} on "
        f"{to_datetime(accepted, OFFICE):%A}:\naccepted {_clock(accepted)}, then {timed}"
    )


def _accepted(entry: Entry) -> int:
    assert entry.accepted_at is not None, "what is served was accepted"
    return entry.accepted_at


def _lasted(entry: Entry) -> int:
    return _times(entry)[-1] - _accepted(entry)


def _times(entry: Entry) -> Sequence[int]:
    request = audit_pb.GetTimelineRequest(dossier_code=entry.code)
    with audit() as stub:
        answer = stub.GetTimeline(request, timeout=30, metadata=identity())
    return [to_us(each.occurred_at) for each in answer.entries if each.type in _EVENTS]


def _clock(at: int) -> str:
    return f"{to_datetime(at, OFFICE):%H:%M}"
