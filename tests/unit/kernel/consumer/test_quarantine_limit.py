"""When quarantining is too much."""

from typing import Any

import pytest

from kernel.consumer.applying.quarantine_limit import (
    WINDOW,
    QuarantineBounds,
    QuarantineLimit,
    Tripped,
)

GOOD, BAD = False, True


def limit(**bounds: float) -> QuarantineLimit:
    values: dict[str, Any] = {"share": 0.1, "least": 20, "run": 20, **bounds}
    return QuarantineLimit(QuarantineBounds(**values))


def test_few_bad_records_pass() -> None:
    """Below the least number the share does not count."""
    limit().check([BAD, GOOD] * 19)


def test_share_trips_at_the_record_that_passes_it() -> None:
    """The index names the first record that may not be committed."""
    with pytest.raises(Tripped) as trip:
        limit(least=5).check([GOOD] * 6 + [BAD, GOOD] * 5)
    assert trip.value.index == 14


def test_run_trips_whatever_the_share() -> None:
    """A run goes on over the border of batches."""
    bound = limit(share=1, least=1000, run=4)
    bound.check([GOOD, BAD, BAD])
    bound.count([GOOD, BAD, BAD])
    with pytest.raises(Tripped) as trip:
        bound.check([BAD, BAD])
    assert trip.value.index == 1


def test_good_record_ends_a_run() -> None:
    """Only records one after the other make a run."""
    bound = limit(share=1, least=1000, run=3)
    bound.count([BAD, BAD, GOOD])
    bound.check([BAD, BAD])


def test_old_records_leave_the_window() -> None:
    """What was quarantined long ago is forgotten."""
    bound = limit(least=2)
    bound.count([BAD] * 2)
    bound.count([GOOD] * WINDOW)
    bound.check([BAD])


def test_check_counts_nothing() -> None:
    """A batch that is not committed does not count."""
    bound = limit(share=1, least=1000, run=3)
    for _ in range(5):
        bound.check([BAD, BAD])
