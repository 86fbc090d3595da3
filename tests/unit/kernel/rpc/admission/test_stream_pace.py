"""How streams and calls share the event loop."""

from __future__ import annotations

import asyncio

import pytest

from kernel.rpc.admission.stream_pace import ALONE, BESIDE_CALLS, StreamPace


@pytest.mark.parametrize(("calls", "gap"), [(False, ALONE), (True, BESIDE_CALLS)])
async def test_all_streams_together_have_one_pace(calls: bool, gap: float) -> None:
    """However many there are, so many answers go out in a time, and fewer while calls run."""
    pace = StreamPace(lambda: calls)
    loop = asyncio.get_running_loop()

    async def stream() -> None:
        for _ in range(10):
            await pace.turn()

    began = loop.time()
    await asyncio.gather(*(stream() for _ in range(50)))
    assert loop.time() - began >= 50 * 10 * gap * 0.9


async def test_a_stream_after_a_rest_does_not_wait() -> None:
    """What was not sent earlier is not caught up on, and nobody waits for it."""
    pace = StreamPace(lambda: True)
    await pace.turn()
    await asyncio.sleep(0.01)
    turn = asyncio.create_task(pace.turn())
    await asyncio.sleep(0)
    assert turn.done()
