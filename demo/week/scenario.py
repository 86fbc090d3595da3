"""What will happen in the week: who hands in what, when, and how it goes. Drawn from a seed, before
anything runs.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from cli.options import OFFICE
from kernel.base.instants import from_datetime, zone

MONDAY = date(2021, 8, 9)
FRIDAY = date(2021, 8, 13)
ONLINE_SHARE = 3_215 / 66_098
"""The province's online share in the first half of 2021: 4.86 %."""
POSTED_IN_SHARE = 0.06
BY_POST_SHARE = 1 / 3
REFUSED_SHARE = 0.04
PAUSE_SHARES = {"supplement": 0.08, "payment": 0.05, "consultation": 0.04, "third_party": 0.03}
"""Why the clock of a dossier stands still for a while: papers or money of the citizen, another
agency's opinion, or somebody outside the office.
"""
CONSULTED_SHARE = 0.06
EXTENDED_SHARE = 0.15
"""Of the dossiers whose limit is long enough, those whose date is moved once, with an apology."""
EXTENDABLE_FROM = 3
"""Working days of a limit from which there is time for an apology a working day before its end."""
WITHDRAWN_SHARE = 0.02
LATE_SHARE = 0.12
PAPER_EVERY = 3
"""Of so many dossiers, one comes with a file."""
EMAIL_SHARE = 0.6
ENGLISH_SHARE = 0.05
SESSIONS = ((time(7, 0), time(11, 30)), (time(13, 30), time(17, 0)))
FAMILY = (
    "Nguyễn",
    "Trần",
    "Lê",
    "Phạm",
    "Hoàng",
    "Vàng",
    "Giàng",
    "Đặng",
    "Bùi",
    "Lý",
    "Sùng",
    "Thào",
)
MIDDLE = ("Văn", "Thị", "Minh", "Ngọc", "Thanh", "Hữu", "Mỹ", "Seo")
GIVEN = (
    "An",
    "Bình",
    "Chi",
    "Dũng",
    "Hà",
    "Khánh",
    "Lan",
    "Mai",
    "Nam",
    "Phúc",
    "Quỳnh",
    "Sơn",
    "Tú",
    "Yến",
)


@dataclass(frozen=True)
class ScenarioOffer:
    """A procedure as the portal offers it: what a citizen can choose."""

    code: str
    unit: str
    parts: tuple[tuple[str, int], ...]
    channels: frozenset[str]
    result_channels: frozenset[str]
    working_days: float | None
    """The time limit in working days of eight hours; None where it counts in calendar days or there
    is none.
    """


@dataclass(frozen=True)
class Filing:
    """One dossier of the week, before it exists; instants in microseconds UTC."""

    number: int
    at: int
    offer: ScenarioOffer
    channel: str
    result_channel: str
    name: str
    email: str
    consent: bool
    language: str
    refused: bool
    pause: str
    """A key of ``PAUSE_SHARES``, or empty."""
    extended: bool
    consulted: bool
    """Another unit is asked for its opinion while the clock runs."""
    withdrawn: bool
    late: bool
    paper: bool
    """A paper of it is handed in as a file, too."""
    pace: float
    """The part of the promised time that the departments take."""


def as_child(filing: Filing) -> Filing:
    """Return the way of a dossier that another agency works on for this one: nothing special."""
    return replace(
        filing,
        channel="internal",
        pause="",
        consulted=False,
        extended=False,
        refused=False,
        withdrawn=False,
        late=False,
        paper=False,
        pace=0.4,
    )


def instant(day: date, clock: time) -> int:
    """Return a local day and clock time as an instant."""
    return from_datetime(datetime.combine(day, clock, zone(OFFICE)))


def draw(offers: Sequence[ScenarioOffer], count: int, seed: int) -> list[Filing]:
    """Draw a week of dossiers in the order in which they are handed in."""
    dice = random.Random(seed)
    channels = _shares(count, {"online": ONLINE_SHARE, "post": POSTED_IN_SHARE}, "counter")
    dice.shuffle(channels)
    filings = [_filing(dice, number, channel, offers) for number, channel in enumerate(channels, 1)]
    return sorted(filings, key=lambda filing: filing.at)


def _shares(count: int, shares: dict[str, float], rest: str) -> list[str]:
    drawn = [name for name, share in shares.items() for _ in range(round(count * share))]
    return drawn + [rest] * (count - len(drawn))


def _filing(
    dice: random.Random, number: int, channel: str, offers: Sequence[ScenarioOffer]
) -> Filing:
    late = dice.random() < LATE_SHARE
    offer = dice.choice(_suited(offers, channel, late=late))
    by_post = "post" in offer.result_channels and dice.random() < BY_POST_SHARE
    others = sorted(
        offer.result_channels - {"post"} - ({"online"} if channel != "online" else set())
    )
    result = "post" if by_post or not others else ("online" if "online" in others else others[0])
    has_email = channel == "online" or dice.random() < EMAIL_SHARE
    return Filing(
        number=number,
        at=_moment(dice, channel, late=late),
        offer=offer,
        channel=channel,
        result_channel=result,
        name=f"{dice.choice(FAMILY)} {dice.choice(MIDDLE)} {dice.choice(GIVEN)}",
        email=f"citizen{number}@example.vn" if has_email else "",
        consent=has_email and dice.random() < 0.9,
        language="en" if dice.random() < ENGLISH_SHARE else "vi",
        refused=dice.random() < REFUSED_SHARE,
        pause=_pause(dice),
        extended=_long(offer) and not late and dice.random() < EXTENDED_SHARE,
        consulted=dice.random() < CONSULTED_SHARE,
        withdrawn=dice.random() < WITHDRAWN_SHARE,
        late=late,
        paper=number % PAPER_EVERY == 0,
        pace=_pace(dice, late=late),
    )


def _pause(dice: random.Random) -> str:
    names = [*PAUSE_SHARES, ""]
    weights = [*PAUSE_SHARES.values(), 1 - sum(PAUSE_SHARES.values())]
    return dice.choices(names, weights)[0]


def _long(offer: ScenarioOffer) -> bool:
    return offer.working_days is not None and offer.working_days >= EXTENDABLE_FROM


def _pace(dice: random.Random, *, late: bool) -> float:
    """Draw the pace of what is to be late: a part is not even finished by Friday."""
    if late:
        return dice.choice((dice.uniform(1.05, 1.6), dice.uniform(1.05, 2.5), dice.uniform(4, 8)))
    return dice.choice((dice.uniform(0.2, 0.6), dice.uniform(0.6, 0.97)))


def _suited(offers: Sequence[ScenarioOffer], channel: str, *, late: bool) -> list[ScenarioOffer]:
    """Return what can be filed by a channel; if it is to be late, what would be due within
    the week.
    """
    suited = [o for o in offers if channel in o.channels]
    short = [o for o in suited if o.working_days is not None and o.working_days <= 2]
    return short if late and short else suited


def _moment(dice: random.Random, channel: str, *, late: bool) -> int:
    """Draw when it comes: mostly early in the week and the day, so that much ends by Friday."""
    weights = (60, 40, 0, 0, 0) if late else (30, 25, 20, 15, 10)
    day = MONDAY + timedelta(days=dice.choices(range(5), weights=weights)[0])
    if channel == "online":
        clock = time(dice.randrange(7, 22), dice.randrange(60))
    else:
        opens, closes = SESSIONS[0] if dice.random() < 0.65 else SESSIONS[1]
        first = opens.hour * 60 + opens.minute
        last = closes.hour * 60 + closes.minute - 5
        minute = int(dice.triangular(first, last, first))
        clock = time(minute // 60, minute % 60)
    return instant(day, clock) + dice.randrange(60_000_000)
