"""Refusals that wait."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import cast

from kernel.rpc.admission.late_answers import MOST, MOST_PER_CONNECTION, LateAnswers
from kernel.rpc.method import Context


def called(peer: str, remaining: float | None = None) -> Context:
    """Return the context of a call."""
    context = SimpleNamespace(peer=lambda: peer, time_remaining=lambda: remaining)
    return cast(Context, context)


async def waiting(late: LateAnswers, contexts: list[Context]) -> list[asyncio.Task[None]]:
    """Let refusals wait; return those that do."""
    tasks = [asyncio.create_task(late.wait(context)) for context in contexts]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return [task for task in tasks if not task.done()]


async def test_a_bounded_number_waits_and_all_go_on_at_the_end() -> None:
    """What is more is answered at once; closing keeps nobody waiting."""
    late = LateAnswers()
    mine = await waiting(late, [called("a")] * 100)
    assert len(mine) == MOST_PER_CONNECTION
    others = await waiting(late, [called(str(number)) for number in range(1_000)])
    assert len(others) == MOST - MOST_PER_CONNECTION

    late.close()
    await asyncio.gather(*mine, *others)
    assert not await waiting(late, [called("b")])


async def test_a_refusal_waits_no_longer_than_half_of_the_callers_time() -> None:
    """Its reason arrives before the caller's deadline; the wait ends by itself."""
    late = LateAnswers()
    await late.wait(called("a", 0.0))
    await late.wait(called("a", 0.01))
    await late.wait(called("a"))
