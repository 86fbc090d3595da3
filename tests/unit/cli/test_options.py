"""Values of options."""

from datetime import UTC, datetime

import pytest
import typer
from motcua.audit.v1 import audit_pb2 as pb

from cli.options import as_code, parse_day, parse_instant, parse_length, put_times


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2021-08-09T08:00:00Z", datetime(2021, 8, 9, 8, tzinfo=UTC)),
        ("2021-08-09T08:00:00+07:00", datetime(2021, 8, 9, 1, tzinfo=UTC)),
        ("2021-08-09T08:00", datetime(2021, 8, 9, 1, tzinfo=UTC)),
        ("2021-08-09", datetime(2021, 8, 9, 16, 59, 59, 999_999, tzinfo=UTC)),
        ("20210809", datetime(2021, 8, 9, 16, 59, 59, 999_999, tzinfo=UTC)),
    ],
)
def test_an_instant_without_offset_is_the_offices_and_a_day_means_its_end(
    text: str, expected: datetime
) -> None:
    """ISO 8601 is read; what is left out is local time, and the end of the day."""
    assert parse_instant(text, "--as-of").ToDatetime(tzinfo=UTC) == expected


def test_a_day_with_which_something_begins_means_its_start() -> None:
    """`--from 2021-08-09` begins at midnight, local time."""
    begin = parse_instant("2021-08-09", "--from", begins=True)
    assert begin.ToDatetime(tzinfo=UTC) == datetime(2021, 8, 8, 17, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2021-13-01", "2021-08-09T25:00", "0001-01-01T00:00"]
)
def test_what_is_no_instant_is_refused_by_the_options_name(text: str) -> None:
    """The refusal names the option, and the text."""
    with pytest.raises(typer.BadParameter) as refusal:
        parse_instant(text, "--as-of")
    assert refusal.value.param_hint == "--as-of"


@pytest.mark.parametrize(("text", "seconds"), [("3d", 259_200), ("12h", 43_200), ("1.5h", 5_400)])
def test_a_length_of_time_has_a_unit(text: str, seconds: int) -> None:
    """Days, hours and minutes of calendar time."""
    assert parse_length(text, "--within").seconds == seconds


@pytest.mark.parametrize("text", ["", "3", "d", "-3d", "3 d", "3w", "99999999d"])
def test_what_is_no_length_of_time_is_refused(text: str) -> None:
    """Anything else is wrong usage."""
    with pytest.raises(typer.BadParameter):
        parse_length(text, "--within")


def test_a_day_is_a_date_that_exists() -> None:
    """YYYY-MM-DD, checked against the calendar."""
    assert parse_day("2021-08-09", "--from") == "2021-08-09"
    with pytest.raises(typer.BadParameter):
        parse_day("2021-02-30", "--from")


def test_a_code_is_taken_however_it_is_typed() -> None:
    """In small letters, with a dash; another system's as it is."""
    assert as_code(" h22.12.03–261130–0012") == "H22.12.03-261130-0012"
    assert as_code("abc-1") == "abc-1"
    assert as_code("officer:an") == "officer:an"


def test_two_times_of_a_question_are_read_alike() -> None:
    """--known-at takes what --as-of takes, and its errors have its own name."""
    request = pb.GetStateRequest()
    put_times(request, "2021-08-09", "2021-08-09")
    assert request.as_of == request.known_at == parse_instant("2021-08-09", "--as-of")
    put_times(untouched := pb.GetStateRequest(), "", "")
    assert untouched == pb.GetStateRequest()
    with pytest.raises(typer.BadParameter) as refusal:
        put_times(request, "", "then")
    assert refusal.value.param_hint == "--known-at"
