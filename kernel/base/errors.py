"""The ways in which a request can fail, each with its texts for the caller.

The gRPC layer maps them to status codes; nothing else does. No text here may hold personal data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from kernel.messages.catalogue import BilingualText


class _InWords:
    """What has a text, which is rendered in a language only when it is asked for."""

    __slots__ = ()
    text: BilingualText

    @property
    def vi(self) -> str:
        """The text in Vietnamese."""
        return self.text.vi

    @property
    def en(self) -> str:
        """The text in English."""
        return self.text.en


@dataclass(frozen=True, slots=True)
class Refusal(_InWords):
    """The outcome of a decider that a business rule forbids. ``code`` is stable and in
    UPPER_SNAKE_CASE. A decider only names the text; it is rendered for the caller.
    """

    code: str
    text: BilingualText


@dataclass(frozen=True, slots=True)
class Violation(_InWords):
    """One wrong field of a request: its path, the rule that it breaks, and the rule in words."""

    field: str
    rule: str
    text: BilingualText


class Failure(Exception):
    """A failure with a text for the caller in Vietnamese and English."""

    late = False
    """Whether it is answered late, which slows down who calls again as soon as it is refused."""

    def __init__(self, vi: str, en: str) -> None:
        super().__init__(en)
        self.vi = vi
        self.en = en


class Refused(Failure):
    """A business rule forbids it (FAILED_PRECONDITION)."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.vi, refusal.en)
        self.code = refusal.code


class Invalid(Failure):
    """The request itself is wrong (INVALID_ARGUMENT). ``violations`` names the wrong fields, the
    first ``NAMED`` of them; ``more`` counts the others.
    """

    NAMED: Final = 20

    def __init__(self, violations: Sequence[Violation], more: int = 0) -> None:
        self.violations = tuple(violations[: self.NAMED])
        self.more = more + len(violations) - len(self.violations)
        vi = "; ".join(f"{v.field}: {v.vi}" for v in self.violations)
        en = "; ".join(f"{v.field}: {v.en}" for v in self.violations)
        super().__init__(vi, en)


class NotFound(Failure):
    """There is no such thing for this caller (NOT_FOUND)."""


class AlreadyExists(Failure):
    """The identity is taken by something else (ALREADY_EXISTS)."""


class Conflict(Failure):
    """A concurrent change came first; reading again and retrying may help (ABORTED)."""


class Busy(Conflict):
    """Others did not let it through: nothing is wrong with the work itself, which can be tried
    again as it is.
    """


class Unavailable(Failure):
    """Something needed does not answer; a retry will help (UNAVAILABLE). ``code``, if there is one,
    is stable and in UPPER_SNAKE_CASE.
    """

    def __init__(self, vi: str, en: str, code: str = "") -> None:
        super().__init__(vi, en)
        self.code = code


class Forbidden(Failure):
    """This caller may not do it (PERMISSION_DENIED); ``code`` is stable, in UPPER_SNAKE_CASE."""

    def __init__(self, vi: str, en: str, code: str = "FORBIDDEN") -> None:
        super().__init__(vi, en)
        self.code = code


class Unauthenticated(Failure):
    """The caller has no valid credential (UNAUTHENTICATED); ``code`` is stable, in
    UPPER_SNAKE_CASE.
    """

    def __init__(self, vi: str, en: str, code: str = "CREDENTIAL_INVALID") -> None:
        super().__init__(vi, en)
        self.code = code
