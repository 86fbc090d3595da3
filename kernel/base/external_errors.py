"""What can come of calling a system outside: every client of one raises these and nothing else."""

from __future__ import annotations


class OutsideError(Exception):
    """A call outside did not succeed. ``code`` is the other side's answer code, 0 when it gave
    none.
    """

    def __init__(self, what: str, code: int = 0) -> None:
        super().__init__(what)
        self.code = code


class Retryable(OutsideError):
    """It may work later."""


class Throttled(Retryable):
    """The other side asks for slower calls."""


class Permanent(OutsideError):
    """It will never work."""


class Duplicate(OutsideError):
    """The other side has it already; as good as success."""
