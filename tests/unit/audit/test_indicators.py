import random
from collections import Counter
from dataclasses import asdict
from datetime import date, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.audit.reports import shares
from services.audit.reports.indicators import Counts, Indicators, ReportedDossier

FIRST = date(2021, 1, 1)
NEVER = date(2100, 1, 1)


def number(day: date) -> int:
    return day.year * 10_000 + day.month * 100 + day.day


def maybe_number(day: date | None) -> int | None:
    return None if day is None else number(day)


def day_of(offset: int) -> date:
    return FIRST + timedelta(days=offset)


def maybe_day_of(offset: int | None) -> date | None:
    return None if offset is None else day_of(offset)


def oracle(dossiers: list[dict[str, Any]], first: date, last: date, today: date) -> dict[str, int]:
    """Live through the days one by one with a pile of dossiers under way; tell what happens."""
    counts: Counter[str] = Counter()
    pile: list[dict[str, Any]] = []
    for offset in range((last - FIRST).days + 1):
        day = day_of(offset)
        if day == first:
            counts["carried_over"] = len(pile)
        arrived = [d for d in dossiers if d["received"] == day]
        pile += arrived
        ended = [d for d in pile if d["finished"] is not None and d["finished"] <= day]
        pile = [d for d in pile if d not in ended]
        if day >= first:
            counts["received"] += len(arrived)
            counts["checked_late"] += sum(d["late"] for d in arrived)
            counts["received_online"] += len([d for d in arrived if d["channel"] == "online"])
            counts["received_by_post"] += len([d for d in arrived if d["channel"] == "post"])
            for dossier in ended:
                counts.update(_end(dossier))
    for dossier in pile:
        counts["pending"] += 1
        counts["pending_overdue" if _overdue(dossier, min(last, today)) else "pending_in_time"] += 1
    return {name: counts[name] for name in Counts.__slots__}


def _end(dossier: dict[str, Any]) -> list[str]:
    if dossier["withdrawn"]:
        return ["returned"]
    due = dossier["due"]
    if due is None:
        return ["resolved", "on_time"]
    days = (dossier["finished"] - due).days
    return ["resolved", "on_time" if days == 0 else "late" if days > 0 else "early"]


def _overdue(dossier: dict[str, Any], reference: date) -> bool:
    stopped = dossier["suspended"] is not None and dossier["suspended"] <= reference
    return dossier["due"] is not None and not stopped and (reference - dossier["due"]).days > 0


offsets = st.integers(0, 40)
maybe = st.none() | offsets
populations = st.lists(
    st.fixed_dictionaries(
        {
            "received": offsets,
            "finished": maybe,
            "due": maybe,
            "suspended": maybe,
            "withdrawn": st.booleans(),
            "late": st.booleans(),
            "key": st.sampled_from(["a", "b"]),
            "channel": st.sampled_from(["online", "post", "counter"]),
        }
    ),
    max_size=25,
)


@given(populations, offsets, offsets, offsets)
def test_the_report_tells_what_happened_day_by_day(
    population: list[dict[str, Any]], a: int, b: int, c: int
) -> None:
    """Each line and the total equal what one counts by living through the days, and balance."""
    first, last, today = day_of(min(a, b)), day_of(max(a, b)), day_of(c)
    dossiers: list[dict[str, Any]] = [
        {
            name: maybe_day_of(value)
            if name in ("received", "finished", "due", "suspended")
            else value
            for name, value in {**dossier, "name": n}.items()
        }
        for n, dossier in enumerate(population)
    ]
    report, table = (Indicators(number(first), number(last)) for _ in range(2))
    for d in dossiers:
        finished, due, suspended = (maybe_number(d[n]) for n in ("finished", "due", "suspended"))
        withdrawn = d["withdrawn"] and d["finished"] is not None
        reported = ReportedDossier(
            number(d["received"]), finished, due, suspended, withdrawn, d["late"], d["channel"]
        )
        report.add([(d["key"], "")], reported, number(today))
        table.add([(d["key"], d["channel"])], reported, number(today))

    lines = {key: counts for (key, _), counts in report.rows()}
    for key, counts in [("", report.total), *lines.items()]:
        chosen = [d for d in dossiers if key in ("", d["key"])]
        totals = {name: getattr(counts, name) for name in Counts.__slots__}
        assert totals == oracle(chosen, first, last, today)
        assert_balances(counts)
    assert set(lines) <= {d["key"] for d in dossiers}

    cells = dict(table.rows())
    channels = {channel for _, channel in cells}
    assert set(cells) == {(key, channel) for key in lines for channel in channels}
    for (key, channel), counts in cells.items():
        chosen = [d for d in dossiers if (d["key"], d["channel"]) == (key, channel)]
        assert asdict(counts) == oracle(chosen, first, last, today)


def assert_balances(c: Counts) -> None:
    assert c.carried_over + c.received == c.resolved + c.returned + c.pending
    assert c.resolved == c.early + c.on_time + c.late
    assert c.pending == c.pending_in_time + c.pending_overdue


def test_the_first_half_of_2021_in_ha_giang() -> None:
    """A population made to the province's published figures gives these figures back."""
    half = [date(2021, 1, 1) + timedelta(days=n) for n in range(181)]
    pick = random.Random(2021)
    dossiers = _province(half, pick)
    pick.shuffle(dossiers)

    by_channel = Indicators(20210101, 20210630)
    for channel, came, finished, due in dossiers:
        days = number(came), maybe_number(finished), maybe_number(due)
        reported = ReportedDossier(*days, None, False, channel=channel)
        by_channel.add([(channel, "")], reported, 20210809)
    total, lines = by_channel.total, {key: counts for (key, _), counts in by_channel.rows()}

    assert (total.carried_over, total.received) == (8_180, 66_098)
    assert total.carried_over + total.received == 74_278
    assert (total.resolved, total.late, total.pending) == (65_466, 5_041, 8_812)
    assert round(100 * (total.early + total.on_time) / total.resolved, 1) == 92.3
    assert shares.in_time(total) == 92.3
    online = lines["online"].received
    assert online == 3_215
    assert round(100 * online / total.received, 2) == 4.86
    assert shares.online(total) == 4.86
    assert lines["counter"].received + lines["post"].received == 62_883
    for counts in (total, *lines.values()):
        assert_balances(counts)


def _province(half: list[date], pick: Random) -> list[tuple[str, date, date | None, date | None]]:
    """Make dossiers (channel, received, finished, due) with the figures of the half-year."""
    channels = ["online"] * 3_215 + ["post"] * 2_883 + ["counter"] * 60_000
    received = [(channel, pick.choice(half)) for channel in channels]
    carried = [("counter", date(2020, 12, 1) + timedelta(days=n % 31)) for n in range(8_180)]
    everything = carried + received
    pick.shuffle(everything)
    made: list[tuple[str, date, date | None, date | None]] = []
    for n, (channel, came) in enumerate(everything):
        if n >= 65_466:
            made.append((channel, came, pick.choice([None, date(2021, 7, 9)]), date(2021, 7, 1)))
            continue
        done = max(came, pick.choice(half))
        slack = -pick.randint(1, 9) if n < 5_041 else pick.choice([0, 0, 3, 7])
        made.append((channel, came, done, done + timedelta(days=slack)))
    made += [("online", date(2021, 7, 1), None, None)] * 50
    made += [("post", date(2020, 11, 1), date(2020, 12, 31), None)] * 50
    return made


def test_without_a_due_date_a_dossier_is_on_time() -> None:
    """A procedure without a time limit never makes a dossier late or overdue."""
    report = Indicators(20210101, 20210131)
    report.add([("", "")], ReportedDossier(20210105, 20210130, None, None, False), 20210801)
    report.add([("", "")], ReportedDossier(20210105, None, None, None, False), 20210801)

    assert (report.total.on_time, report.total.pending_in_time) == (1, 1)


def test_pending_is_judged_today_when_the_period_goes_on() -> None:
    """In the middle of a period, a due day between today and its end has not passed."""
    report = Indicators(20210101, 20211231)
    report.add([("", "")], ReportedDossier(20210105, None, 20210810, None, False), 20210810)
    report.add([("", "")], ReportedDossier(20210105, None, 20210809, None, False), 20210810)

    assert (report.total.pending_in_time, report.total.pending_overdue) == (1, 1)


@pytest.mark.parametrize(
    ("part", "whole", "expected"),
    [
        (0, 0, None),
        (0, 7, 0.0),
        (1, 3, 33.33),
        (2, 3, 66.67),
        (1, 8, 12.5),
        (1, 800, 0.13),  # 0.125, which floating point rounds down
        (3_215, 66_098, 4.86),
        (66_098, 66_098, 100.0),
    ],
)
def test_shares_have_two_decimals_and_round_a_half_up(
    part: int, whole: int, expected: float | None
) -> None:
    """A share of nothing is none, not zero."""
    assert shares.percent(part, whole) == expected
