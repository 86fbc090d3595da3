"""Fixtures that contracts of several services share."""

from tests.support.fixtures import any_log

__all__ = ["any_log"]
