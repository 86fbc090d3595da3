"""The settings that only postal has: for how long a partner has a job."""

from __future__ import annotations

import os

from kernel.base.instants import HOUR


def lease_from_environment() -> int:
    """Read POSTAL_LEASE_HOURS, hours of the office's time (24 by default), as microseconds.

    Raise ``ValueError`` naming the variable.
    """
    text = os.environ.get("POSTAL_LEASE_HOURS", "24")
    try:
        hours = float(text)
    except ValueError:
        hours = 0
    if not 0 < hours <= 24 * 365:
        raise ValueError(f"POSTAL_LEASE_HOURS: must be a number of hours above 0, got {text!r}")
    return int(hours * HOUR)
