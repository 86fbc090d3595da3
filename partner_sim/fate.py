"""What becomes of a job: a plan of reports, with the faults of real partners.

Pure, given the source of randomness.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random
from typing import Literal

Call = Literal["tracked", "delivered", "returned"]
FAILURES = ("absent", "address_incomplete", "refused_by_addressee", "closed")


@dataclass(frozen=True)
class Rates:
    """How often each fault happens, from 0 to 1."""

    refuse: float = 0.05
    silent: float = 0.05
    give_back: float = 0.05
    repeat: float = 0.2
    disorder: float = 0.2
    contradict: float = 0.05
    unknown: float = 0.05


@dataclass(frozen=True)
class PlannedReport:
    """One report; hours count from the taking of the job, by the office's time."""

    call: Call
    happens: float
    sent: float
    code: str = ""
    reason_code: str = ""
    fault: Literal["", "repeat", "disorder", "contradict"] = ""
    report: int = 0
    """Numbers the reports of a job; a repeat has the number of what it repeats."""


@dataclass(frozen=True)
class Fate:
    """What the partner does with a job."""

    kind: Literal["refused", "refused_after_taking", "silent", "delivered", "returned"]
    steps: tuple[PlannedReport, ...] = ()


def draw(rng: Random, rates: Rates, pace: float = 1.0) -> Fate:
    """Draw the fate of one job. ``pace`` stretches every time in it."""
    if rng.random() < rates.refuse:
        return Fate(rng.choice(("refused", "refused_after_taking")))
    if rng.random() < rates.silent:
        return Fate("silent")
    comes_back = rng.random() < rates.give_back
    steps = _journey(rng, rates, comes_back)
    steps = _disordered(rng, rates, steps)
    steps += _repeats(rng, rates, steps)
    if rng.random() < rates.contradict:
        steps.append(_contradiction(rng, steps, comes_back))
    scaled = [replace(s, happens=s.happens * pace, sent=s.sent * pace) for s in steps]
    scaled.sort(key=lambda step: step.sent)
    return Fate("returned" if comes_back else "delivered", tuple(scaled))


def _journey(rng: Random, rates: Rates, comes_back: bool) -> list[PlannedReport]:
    at = rng.uniform(0.5, 2)
    steps = [_step("tracked", at, rng, "EMA")]
    at += rng.uniform(3, 14)
    steps.append(_step("tracked", at, rng, "EMG"))
    if rng.random() < rates.unknown:
        steps.append(_step("tracked", at + 0.2, rng, "QX7"))
    for _ in range(2 if comes_back else rng.choice((0, 0, 0, 1))):
        at += rng.uniform(1, 6)
        steps.append(_step("tracked", at, rng, "EMH", rng.choice(FAILURES)))
    at += rng.uniform(1, 6)
    if comes_back:
        steps.append(_step("returned", at + rng.uniform(4, 12), rng, reason="unclaimed"))
    else:
        steps.append(_step("tracked", at, rng, "EMI"))
        steps.append(_step("delivered", at, rng))
    return [replace(step, report=number) for number, step in enumerate(steps, 1)]


def _step(call: Call, at: float, rng: Random, code: str = "", reason: str = "") -> PlannedReport:
    return PlannedReport(call, at, at + rng.uniform(0.1, 0.5), code, reason)


def _disordered(rng: Random, rates: Rates, steps: list[PlannedReport]) -> list[PlannedReport]:
    """Hold some reports back until after the last one; never the first, which keeps the lease."""
    last = max(step.sent for step in steps)
    return [
        replace(step, sent=last + rng.uniform(0.5, 3), fault="disorder")
        if step.call == "tracked" and step.code != "EMA" and rng.random() < rates.disorder
        else step
        for step in steps
    ]


def _repeats(rng: Random, rates: Rates, steps: list[PlannedReport]) -> list[PlannedReport]:
    return [
        replace(step, sent=step.sent + rng.uniform(0.1, 5), fault="repeat")
        for step in steps
        if rng.random() < rates.repeat
    ]


def _contradiction(rng: Random, steps: list[PlannedReport], comes_back: bool) -> PlannedReport:
    """Report the opposite after the end, or that a delivered item is in transit again."""
    end = max(step.sent for step in steps)
    at = end + rng.uniform(1, 4)
    number = max(step.report for step in steps) + 1
    if comes_back:
        return PlannedReport("delivered", at, at + 0.2, fault="contradict", report=number)
    if rng.random() < 0.5:
        return PlannedReport("returned", at, at + 0.2, "", "unclaimed", "contradict", number)
    return PlannedReport("tracked", at, at + 0.2, "EMG", "", "contradict", number)
