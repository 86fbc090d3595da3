"""Percentages of a report's counts. Pure."""

from __future__ import annotations

from services.audit.reports.indicators import Counts


def percent(part: int, whole: int) -> float | None:
    """Return a share in percent with two decimals, a half rounded up; None of nothing."""
    return (part * 20_000 + whole) // (2 * whole) / 100 if whole else None


def in_time(counts: Counts) -> float | None:
    """Return how many of those resolved were early or on time."""
    return percent(counts.early + counts.on_time, counts.resolved)


def online(counts: Counts) -> float | None:
    """Return how many of those received in the period came online; what was carried over is no part
    of it.
    """
    return percent(counts.received_online, counts.received)
