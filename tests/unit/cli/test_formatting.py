"""Instants as people and scripts read them, also at the ends of the calendar."""

from __future__ import annotations

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from cli.formatting import iso, moment


@pytest.mark.parametrize(
    ("seconds", "shown", "written"),
    [
        (1_628_478_000, "2021-08-09 10:00", "2021-08-09T10:00:00+07:00"),
        (253_402_300_799, "9999-12-31 23:59", "9999-12-31T23:59:59+00:00"),
        (253_402_300_800, "9999-12-31 23:59", "9999-12-31T23:59:59+00:00"),
        (2**62, "9999-12-31 23:59", "9999-12-31T23:59:59+00:00"),
        (-(2**62), "1-01-01 00:00", "0001-01-01T00:00:00+00:00"),
    ],
)
def test_every_instant_is_shown(seconds: int, shown: str, written: str) -> None:
    """An event whose time no office's clock shows is shown by UTC's, or as the calendar's end."""
    at = Timestamp()
    at.seconds = seconds
    assert iso(at) == written
    assert moment(at).lstrip("0") == shown


def test_no_instant_is_shown_as_nothing() -> None:
    """Where there is none, neither has a text."""
    assert (moment(Timestamp()), iso(Timestamp())) == ("", None)
