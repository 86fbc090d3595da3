"""The comparison of stored positions with the ends of the log."""

from kernel.consumer.reading.buffer import Buffer
from kernel.consumer.reading.stall_detector import LEAST, OTHERS, StallDetector
from kernel.eventsourcing.record import Record


def buffer(*assigned: int) -> Buffer:
    made = Buffer()
    made.assigned = set(assigned)
    return made


def test_own_partition_that_stands_still_is_found_at_the_next_check() -> None:
    """It was behind at the check before and has not moved."""
    detector, box = StallDetector(lambda: None), buffer(0)
    assert detector.check({0: 10}, {0: 8}, box) == set()
    assert detector.check({0: 10}, {0: 8}, box) == {0}


def test_record_that_has_just_come_is_not_missing() -> None:
    """A partition that was at its end at the check before gets a second's time."""
    detector, box = StallDetector(lambda: None), buffer(0)
    detector.check({0: 8}, {0: 8}, box)
    assert detector.check({0: 10}, {0: 8}, box) == set()


def test_partition_that_moves_is_left_alone() -> None:
    """Slow is not dead."""
    detector, box = StallDetector(lambda: None), buffer(0)
    for position in range(5):
        assert detector.check({0: 100}, {0: position}, box) == set()


def test_partition_of_another_worker_is_taken_over_later() -> None:
    """It gets more time than one of our own."""
    detector, box = StallDetector(lambda: None), buffer(1)
    checks = [detector.check({0: 10}, {0: 8}, box) for _ in range(OTHERS + 1)]
    assert checks == [set()] * OTHERS + [{0}]


def test_faust_that_delivers_nothing_is_given_up() -> None:
    """Checks have found work again and again, and nothing was delivered."""
    dead: list[bool] = []
    detector, box = StallDetector(lambda: dead.append(True), patience=0), buffer(0)
    for _ in range(LEAST):
        detector.check({0: 10}, {0: 8}, box)
    assert not dead
    detector.check({0: 10}, {0: 8}, box)
    assert dead == [True]


def test_faust_that_delivers_something_lives() -> None:
    """Any record handed over, of whatever use, starts the patience again."""
    dead: list[bool] = []
    detector, box = StallDetector(lambda: dead.append(True), patience=0), buffer(0)
    for offset in range(3 * LEAST):
        detector.check({0: 10}, {0: 8}, box)
        box.offer(Record(0, offset, None, None, []))
    assert not dead


def test_no_verdict_while_nothing_is_assigned() -> None:
    """A Faust that is still joining is not dead."""
    dead: list[bool] = []
    detector, box = StallDetector(lambda: dead.append(True), patience=0), buffer()
    for _ in range(3 * LEAST):
        detector.check({0: 10}, {0: 8}, box)
    assert not dead
