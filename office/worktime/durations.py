"""Lengths of time as offices write them: ``3wd``, ``0.5wd``, ``5cd``, ``4wh``, ``none``; and limits
in phases: ``20cd+5wd``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache

from kernel.base.instants import HOUR
from kernel.messages.catalogue import BilingualText
from office.texts import OFFICE_TEXTS

_FORM = re.compile(
    r"(?P<amount>\d{1,9}(?:\.\d{1,9})?|\d{1,9}/[1-9]\d{0,8})(?P<unit>wd|cd|wh)", re.ASCII
)
_MOST_DAYS = 10_000
_MOST_HOURS = 8 * _MOST_DAYS


class DurationUnit(StrEnum):
    """What a duration counts; the value is its suffix in text."""

    WORKING_DAY = "wd"
    CALENDAR_DAY = "cd"
    WORKING_HOUR = "wh"
    NONE = "none"


class DurationError(ValueError):
    """A text or amount that is no duration; ``text`` is the input, ``words`` the rule it breaks."""

    def __init__(self, text: str, words: BilingualText) -> None:
        super().__init__(text, words)
        self.text = text
        self.words = words

    @property
    def rule(self) -> str:
        """The rule in English."""
        return self.words.en

    def __str__(self) -> str:
        return f"duration {self.text!r}: {self.rule}"


@dataclass(frozen=True, slots=True)
class Duration:
    """An exact length of time; ``NO_DURATION`` (amount 0, unit NONE) says that there is no limit.

    Calendar days are whole; working days and hours may be fractions. An amount is above 0 and at
    most 10,000 days (80,000 hours); anything else raises ``DurationError``.
    """

    amount: Fraction
    unit: DurationUnit
    _top: int = field(init=False, repr=False, compare=False)
    _bottom: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        amount: Fraction | Decimal | int = self.amount
        object.__setattr__(self, "amount", Fraction(amount))
        object.__setattr__(self, "_top", self.amount.numerator)
        object.__setattr__(self, "_bottom", self.amount.denominator)
        self._check()

    def _check(self) -> None:
        if self.unit is DurationUnit.NONE:
            if self._top:
                raise DurationError(str(self.amount), OFFICE_TEXTS.text("duration.no_unit"))
            return
        most = _MOST_HOURS if self.unit is DurationUnit.WORKING_HOUR else _MOST_DAYS
        if not 0 < self.amount <= most:
            raise DurationError(str(self), OFFICE_TEXTS.text("duration.amount", most=most))
        if self.unit is DurationUnit.CALENDAR_DAY and self._bottom != 1:
            raise DurationError(str(self), OFFICE_TEXTS.text("duration.whole"))

    @classmethod
    def parse(cls, text: str) -> Duration:
        """Read ``3wd``, ``0.5wd``, ``1/3wd``, ``5cd``, ``4wh`` or ``none``; raise ``DurationError``
        for any other text.
        """
        if text == "none":
            return NO_DURATION
        match = _FORM.fullmatch(text)
        if match is None:
            raise DurationError(text, OFFICE_TEXTS.text("duration.form"))
        return cls(Fraction(match["amount"]), DurationUnit(match["unit"]))

    def __str__(self) -> str:
        """Print the form that ``parse`` reads back; finite fractions as decimals."""
        if self.unit is DurationUnit.NONE:
            return "none"
        return f"{_decimal(self.amount)}{self.unit.value}"

    def working_us(self, day_us: int) -> int:
        """Return the working time in microseconds, rounded up; ``day_us`` make a working day.

        Raise ``DurationError`` for calendar days and for no limit, which are no working time.
        """
        if self.unit is DurationUnit.WORKING_DAY:
            return -(-self._top * day_us // self._bottom)
        if self.unit is DurationUnit.WORKING_HOUR:
            return -(-self._top * HOUR // self._bottom)
        raise DurationError(str(self), OFFICE_TEXTS.text("duration.not_working"))

    def whole_days(self) -> int:
        """Return the number of calendar days; raise ``DurationError`` for other units."""
        if self.unit is not DurationUnit.CALENDAR_DAY:
            raise DurationError(str(self), OFFICE_TEXTS.text("duration.not_calendar"))
        return self._top


def _decimal(amount: Fraction) -> str:
    rest = amount.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    if rest != 1:
        return f"{amount.numerator}/{amount.denominator}"
    return f"{Decimal(amount.numerator) / Decimal(amount.denominator):f}"


NO_DURATION = Duration(Fraction(0), DurationUnit.NONE)
"""No limit: a procedure without a promised date."""

MOST_PHASES = 3
"""How many phases a limit may have."""


@dataclass(frozen=True, slots=True)
class TimeLimit:
    """How long a procedure may take: its phases, each begun at the due date of the one before.

    An ordinary limit has one phase, ``NO_LIMIT`` none. More than ``MOST_PHASES``, or a phase that
    is ``none``, raise ``DurationError``.
    """

    phases: tuple[Duration, ...]

    def __post_init__(self) -> None:
        if NO_DURATION in self.phases:
            raise DurationError(str(self), OFFICE_TEXTS.text("duration.none_alone"))
        if len(self.phases) > MOST_PHASES:
            raise DurationError(str(self), OFFICE_TEXTS.text("duration.phases", most=MOST_PHASES))

    @classmethod
    def parse(cls, text: str) -> TimeLimit:
        """Read the phases, each as ``Duration.parse`` does, with ``+`` between them."""
        if text == "none":
            return NO_LIMIT
        parts, found = text.split("+"), []
        for number, part in enumerate(parts, start=1):
            try:
                found.append(Duration.parse(part))
            except DurationError as error:
                words: BilingualText = error.words
                if len(parts) > 1:
                    words = OFFICE_TEXTS.text("duration.phase", number=number, rule=words)
                raise DurationError(text, words) from error
        return cls(tuple(found))

    def __str__(self) -> str:
        """Print the form that ``parse`` reads back."""
        return "+".join(map(str, self.phases)) or "none"


NO_LIMIT = TimeLimit(())
"""The limit of a procedure without a promised date."""

limit_of = lru_cache(maxsize=1024)(TimeLimit.parse)
"""``TimeLimit.parse`` with a cache."""
