"""The errors of calls to external systems: every client of one raises these and nothing else."""

from __future__ import annotations


class ExternalError(Exception):
    """A call to an external system failed. ``code`` is the system's own answer code, 0 when there
    is none.
    """

    def __init__(self, text: str, code: int = 0) -> None:
        super().__init__(text)
        self.code = code


class Retryable(ExternalError):
    """A retry may succeed."""


class Throttled(Retryable):
    """The external system asks for slower calls."""


class Permanent(ExternalError):
    """A retry can't succeed."""
