"""What can come of calling a system outside: every client of one raises these and nothing else."""

from __future__ import annotations


class ExternalError(Exception):
    """A call outside did not succeed. ``code`` is the other side's answer code, 0 when it gave
    none.
    """

    def __init__(self, what: str, code: int = 0) -> None:
        super().__init__(what)
        self.code = code


class Retryable(ExternalError):
    """It may work later."""


class Throttled(Retryable):
    """The other side asks for slower calls."""


class Permanent(ExternalError):
    """It will never work."""


class Duplicate(ExternalError):
    """The other side has it already; as good as success."""
