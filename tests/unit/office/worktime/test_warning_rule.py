"""When a due date is warned of, worked out by hand: 07:00-11:30 and 13:30-17:00 are worked."""

from __future__ import annotations

import pytest

from office.worktime.calendars.vietnam import state_office
from office.worktime.warning_rule import WarningRule, warn_at
from tests.support.routing_cases import at, clock

FRI, MON, TUE, WED = "2021-08-06", "2021-08-09", "2021-08-10", "2021-08-11"


@pytest.mark.parametrize(
    ("rule", "start", "due", "warns"),
    [
        ("4wh", f"{MON} 09:00", f"{TUE} 09:00", f"{MON} 15:00"),
        ("4wh", f"{MON} 07:00", f"{MON} 17:00", f"{MON} 11:00"),
        ("1wd", f"{FRI} 16:00", f"{TUE} 16:00", f"{MON} 16:00"),
        ("1cd", f"{MON} 09:00", f"{WED} 10:00", f"{TUE} 10:00"),
        ("75%", f"{MON} 09:00", f"{WED} 09:00", f"{TUE} 15:00"),
        ("50%", f"{FRI} 16:00", f"{MON} 08:00", f"{FRI} 17:00"),
        # A lead that is not shorter than the limit: three quarters of it.
        ("1wd", f"{MON} 09:00", f"{TUE} 09:00", f"{MON} 17:00"),
        ("4wh", f"{MON} 09:00", f"{MON} 11:00", f"{MON} 10:30"),
        ("none", f"{MON} 09:00", f"{WED} 09:00", ""),
        # Nobody works in the meantime.
        ("75%", f"{MON} 11:30", f"{MON} 13:30", ""),
    ],
)
def test_a_rule_gives_the_instant_of_the_warning(
    rule: str, start: str, due: str, warns: str
) -> None:
    """A lead before the due date, a share of what is worked until then, or nothing."""
    found = warn_at(state_office(), WarningRule.parse(rule), at(start), at(due))
    assert clock(found) == warns


@pytest.mark.parametrize("text", ["4wh", "1wd", "0.5wd", "2cd", "75%", "1%", "99%", "none"])
def test_a_rule_is_printed_as_it_is_read(text: str) -> None:
    """The form of files and settings."""
    assert str(WarningRule.parse(text)) == text


@pytest.mark.parametrize("text", ["", "soon", "4", "0%", "100%", "7.5%", "٧%", "-4wh", "4wh "])
def test_what_is_no_rule_says_how_one_looks(text: str) -> None:
    """The forms are named."""
    with pytest.raises(ValueError, match="must look like 4wh, 1wd, 75% or none"):
        WarningRule.parse(text)
