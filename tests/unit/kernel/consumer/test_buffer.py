"""What is accepted from Faust, what is dropped, and what requests a bulk read."""

from kernel.consumer.reading.buffer import Buffer
from kernel.eventsourcing.record import Record


def record(offset: int, partition: int = 0) -> Record:
    return Record(partition, offset, b"k", b"v", [])


def reading_from(position: int, **options: int) -> Buffer:
    buffer = Buffer(**options)
    buffer.resume_from({0: position})
    return buffer


def test_takes_the_next_record_with_the_position_before_it() -> None:
    """A batch expects the position that was true when its first record was accepted."""
    buffer = reading_from(5)
    buffer.offer(record(5))
    buffer.offer(record(6))
    batch = buffer.take()
    assert batch is not None
    assert [r.offset for r in batch.records] == [5, 6]
    assert (batch.expected, batch.target) == ({0: 5}, {0: 7})
    assert buffer.take() is None


def test_drops_what_it_has_seen() -> None:
    """A record below the next offset changes nothing."""
    buffer = reading_from(5)
    buffer.offer(record(4))
    assert buffer.take() is None
    assert buffer.behind() == set()


def test_jump_requests_a_bulk_read_and_later_records_wait_for_it() -> None:
    """After the bulk read the records kept meanwhile go on where it ended."""
    buffer = reading_from(5)
    buffer.offer(record(5))
    for offset in (7, 8, 9):
        buffer.offer(record(offset))
    assert buffer.behind() == {0}
    assert buffer.next_offset(0) is None
    buffer.resume_from({0: 9})
    batch = buffer.take()
    assert batch is not None
    assert [r.offset for r in batch.records] == [9]
    assert batch.expected == {0: 9}
    assert buffer.behind() == set()
    assert buffer.next_offset(0) == 10


def test_bulk_read_that_ended_early_is_requested_again() -> None:
    """A record beyond the end of the bulk read is a jump like any other."""
    buffer = reading_from(5)
    buffer.offer(record(7))
    buffer.offer(record(20))
    buffer.resume_from({0: 15})
    assert buffer.behind() == {0}


def test_full_buffer_requests_a_bulk_read() -> None:
    """Nothing waits for room: what does not fit is read in bulk."""
    buffer = reading_from(0, size=3)
    for offset in range(5):
        buffer.offer(record(offset))
    assert buffer.behind() == {0}
    batch = buffer.take()
    assert batch is not None
    assert len(batch.records) == 3


def test_unknown_partition_requests_a_bulk_read() -> None:
    """A partition whose position is not known is read from the database's position."""
    buffer = reading_from(0)
    buffer.offer(record(3, partition=1))
    assert buffer.behind() == {1}


def test_lost_comparison_reads_own_partitions_only() -> None:
    """Everything accepted is thrown away; another worker's partitions are left to it."""
    buffer = Buffer()
    buffer.resume_from({0: 5, 1: 7})
    buffer.assigned = {1}
    buffer.offer(record(5))
    buffer.clear()
    assert buffer.take() is None
    assert buffer.behind() == {1}
