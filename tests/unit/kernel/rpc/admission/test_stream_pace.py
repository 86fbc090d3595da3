"""How streams and calls share the event loop."""

from __future__ import annotations

import asyncio
from collections import Counter

from kernel.rpc.admission.stream_pace import BESIDE_CALLS, StreamPace


async def send(pace: StreamPace, answers: int) -> None:
    """Send answers of one stream."""
    for _ in range(answers):
        await pace.turn()


async def test_all_streams_together_have_one_pace_beside_calls() -> None:
    """However many there are, so many answers go out in a time."""
    pace = StreamPace(lambda: True)
    loop = asyncio.get_running_loop()
    began = loop.time()
    await asyncio.gather(*(send(pace, 10) for _ in range(50)))
    assert loop.time() - began >= 50 * 10 * BESIDE_CALLS * 0.9


async def test_one_answer_goes_out_in_an_iteration_of_the_loop() -> None:
    """However many streams wait, also while no call runs: a call that comes waits for one."""
    pace = StreamPace(lambda: False)
    sent = Counter[int]()
    iteration, ended = 0, False

    async def stream() -> None:
        for _ in range(10):
            await pace.turn()
            sent[iteration] += 1

    def count() -> None:
        nonlocal iteration
        iteration += 1
        if not ended:
            asyncio.get_running_loop().call_soon(count)

    count()
    await asyncio.gather(*(stream() for _ in range(50)))
    ended = True
    assert sent.total() == 500
    assert max(sent.values()) == 1


async def test_a_call_that_comes_slows_streams_down_that_wait_already() -> None:
    """What they wait for is not decided before."""
    calls = False
    pace = StreamPace(lambda: calls)
    loop = asyncio.get_running_loop()
    streams = [asyncio.create_task(send(pace, 10)) for _ in range(10)]
    await asyncio.sleep(0)
    calls, began = True, loop.time()
    await asyncio.gather(*streams)
    assert loop.time() - began >= 80 * BESIDE_CALLS * 0.9


async def test_a_stream_that_has_ended_keeps_no_other_one_waiting() -> None:
    """Its turn goes to the next one."""
    pace = StreamPace(lambda: True)
    await pace.turn()
    gone, other = (asyncio.create_task(pace.turn()) for _ in range(2))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.wait_for(other, 60)


async def test_a_stream_after_a_rest_does_not_wait() -> None:
    """What was not sent earlier is not caught up on, and nobody waits for it."""
    pace = StreamPace(lambda: False)
    await pace.turn()
    await asyncio.sleep(0.01)
    turn = asyncio.create_task(pace.turn())
    await asyncio.sleep(0)
    assert turn.done()
