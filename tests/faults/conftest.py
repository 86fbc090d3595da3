"""Fixtures that faults of several services share."""

from tests.support.fixtures import any_desk, notify_desk, serve, serving, tally_on

__all__ = ["any_desk", "notify_desk", "serve", "serving", "tally_on"]
