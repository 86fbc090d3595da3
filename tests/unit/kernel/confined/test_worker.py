"""A confined process: it judges, sees nothing of this one, and what is too much ends it alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kernel.confined.worker import ConfinedWorkers, Overrun
from tests.support.paths import ROOT


@pytest.fixture
def workers() -> Iterator[ConfinedWorkers]:
    """Processes that do as they are told (``tests.support.obedient``)."""
    made = ConfinedWorkers("tests.support.obedient", memory=300 * 2**20, seconds=1)
    made.environment["PYTHONPATH"] = str(ROOT)
    yield made
    made.close()


def judged(workers: ConfinedWorkers, what: str, content: bytes = b"") -> str:
    """Return what a process says of a content."""
    with workers.look({"do": what, "size": len(content)}) as look:
        for begin in range(0, len(content), 1000):
            look.feed(content[begin : begin + 1000])
        return look.verdict()


def test_a_content_is_judged_and_the_process_used_again(workers: ConfinedWorkers) -> None:
    """One after the other by the same process, two at a time by two."""
    assert judged(workers, "count", b"x" * 5000) == "5000"
    first = judged(workers, "pid")
    assert judged(workers, "pid") == first
    with (
        workers.look({"do": "pid", "size": 0}) as one,
        workers.look({"do": "pid", "size": 0}) as two,
    ):
        assert one.verdict() != two.verdict()


@pytest.mark.parametrize("what", ["memory", "time", "sleep", "die", "write"])
def test_what_takes_too_much_ends_its_process_alone(workers: ConfinedWorkers, what: str) -> None:
    """The next content is judged by another one."""
    first = judged(workers, "pid")
    with pytest.raises(Overrun):
        judged(workers, what, b"content")
    assert judged(workers, "pid") != first


def test_a_process_that_dies_while_it_is_fed_is_told_with_the_verdict(
    workers: ConfinedWorkers,
) -> None:
    """Whoever feeds it does not have to mind."""
    with workers.look({"do": "die", "size": 0}) as look:
        for _ in range(200):
            look.feed(bytes(100_000))
        with pytest.raises(Overrun):
            look.verdict()


def test_the_process_does_not_know_the_environment(
    workers: ConfinedWorkers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keys and passwords stand there."""
    monkeypatch.setenv("MOTCUA_MASTER_KEY", "secret")
    names = judged(workers, "environment").split()
    assert "PATH" in names
    assert "MOTCUA_MASTER_KEY" not in names


def test_a_look_that_is_given_up_leaves_no_process(workers: ConfinedWorkers) -> None:
    """It has half a content, and can't be used for another one."""
    first = judged(workers, "pid")
    with workers.look({"do": "count", "size": 10}) as look:
        look.feed(b"half")
    assert judged(workers, "pid") != first
