"""What is accepted from Faust, what is dropped, and what calls for a bulk read."""

from kernel.consumer.reading.buffer import Buffer
from kernel.eventsourcing.record import Record


def record(offset: int, partition: int = 0) -> Record:
    return Record(partition, offset, b"k", b"v", [])


def reading_from(position: int, **options: int) -> Buffer:
    inbox = Buffer(**options)
    inbox.reached({0: position})
    return inbox


def test_takes_the_next_record_with_the_position_before_it() -> None:
    """A batch expects the position that was true when its first record was accepted."""
    inbox = reading_from(5)
    inbox.offer(record(5))
    inbox.offer(record(6))
    batch = inbox.take()
    assert batch is not None
    assert [r.offset for r in batch.records] == [5, 6]
    assert (batch.expected, batch.target) == ({0: 5}, {0: 7})
    assert inbox.take() is None


def test_drops_what_it_has_seen() -> None:
    """A record below the next offset changes nothing."""
    inbox = reading_from(5)
    inbox.offer(record(4))
    assert inbox.take() is None
    assert inbox.behind() == set()


def test_jump_calls_for_a_bulk_read_and_later_records_wait_for_it() -> None:
    """After the bulk read the records kept meanwhile go on where it ended."""
    inbox = reading_from(5)
    inbox.offer(record(5))
    for offset in (7, 8, 9):
        inbox.offer(record(offset))
    assert inbox.behind() == {0}
    assert inbox.next_offset(0) is None
    inbox.reached({0: 9})
    batch = inbox.take()
    assert batch is not None
    assert [r.offset for r in batch.records] == [9]
    assert batch.expected == {0: 9}
    assert inbox.behind() == set()
    assert inbox.next_offset(0) == 10


def test_bulk_read_that_ended_early_is_called_for_again() -> None:
    """A record beyond the end of the bulk read is a jump like any other."""
    inbox = reading_from(5)
    inbox.offer(record(7))
    inbox.offer(record(20))
    inbox.reached({0: 15})
    assert inbox.behind() == {0}


def test_full_inbox_calls_for_a_bulk_read() -> None:
    """Nothing waits for room: what does not fit is read in bulk."""
    inbox = reading_from(0, size=3)
    for offset in range(5):
        inbox.offer(record(offset))
    assert inbox.behind() == {0}
    batch = inbox.take()
    assert batch is not None
    assert len(batch.records) == 3


def test_unknown_partition_calls_for_a_bulk_read() -> None:
    """A partition whose position is not known is read from the database's position."""
    inbox = reading_from(0)
    inbox.offer(record(3, partition=1))
    assert inbox.behind() == {1}


def test_lost_comparison_reads_own_partitions_only() -> None:
    """Everything accepted is thrown away; another worker's partitions are left to it."""
    inbox = Buffer()
    inbox.reached({0: 5, 1: 7})
    inbox.assigned = {1}
    inbox.offer(record(5))
    inbox.drop()
    assert inbox.take() is None
    assert inbox.behind() == {1}
