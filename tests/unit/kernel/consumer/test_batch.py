"""Batches and their parts."""

import pytest

from kernel.consumer.applying.batch import Batch, accepted
from kernel.eventsourcing.record import Record


def record(partition: int, offset: int) -> Record:
    return Record(partition, offset, None, None, [])


def test_parts_move_the_positions_as_the_whole_does() -> None:
    """Each part expects what the part before it has left, and the last one ends where the whole
    ends.
    """
    records = [record(0, 5), record(1, 7), record(0, 6), record(1, 8)]
    whole = Batch(records, {0: 5, 1: 7, 2: 1}, {0: 7, 1: 9, 2: 4})
    head, rest = whole.split(3)
    assert (head.expected, head.target) == ({0: 5, 1: 7}, {0: 7, 1: 8})
    assert (rest.expected, rest.target) == ({0: 7, 1: 8, 2: 1}, {0: 7, 1: 9, 2: 4})
    assert [*head.records, *rest.records] == records


def test_accepted_expects_the_first_position_of_each_partition() -> None:
    """Records of several partitions make one batch."""
    batch = accepted([(record(0, 5), 5), (record(1, 9), 8), (record(0, 6), 6)])
    assert (batch.expected, batch.target) == ({0: 5, 1: 8}, {0: 7, 1: 10})


def test_find_names_the_index() -> None:
    """A record is found by its place."""
    batch = accepted([(record(0, 5), 5), (record(1, 9), 9)])
    assert batch.find((1, 9)) == 1
    with pytest.raises(ValueError, match="no record"):
        batch.find((1, 10))
