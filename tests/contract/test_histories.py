"""Whole dossiers as they lay on the log of some build are the same to every later one."""

from __future__ import annotations

import pytest
from motcua.events.v1.event_pb2 import Event

from kernel.eventsourcing.envelope import type_name
from tests.golden import histories


def test_there_are_histories() -> None:
    """Among them are events of each service."""
    bodies = [body for name in histories.names() for body in histories.bodies_in(name)]
    sources = {Event.FromString(body).source for body in bodies}
    assert sources == {"intake", "routing", "postal", "notify"}
    assert len({type_name(Event.FromString(body)) for body in bodies}) >= 18


@pytest.mark.parametrize("name", histories.names())
def test_a_history_is_replayed_to_the_same(name: str) -> None:
    """What was recorded of states, the rows of every view, and the timeline; to record one:
    `tests.golden.histories`.
    """
    expected = histories.expected(name)
    assert histories.replayed(histories.bodies_in(name), expected) == expected
