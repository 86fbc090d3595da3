"""The demonstration's own count: what its people were answered, kept apart from the system and
counted in its own way.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from datetime import date

from cli.options import OFFICE
from kernel.base.instants import DAY, local_date


@dataclass(frozen=True)
class PlayedStep:
    """A step that an officer completed: when it was due, and between which instants it was done."""

    name: str
    due_at: int | None
    asked_at: int
    answered_at: int
    paused: bool

    def late(self) -> bool | None:
        """Return whether it was late; None when the due date lies between asking and answering, or
        was moved by a pause: it may have been missed before.
        """
        if self.paused:
            return None
        if self.due_at is None or self.answered_at <= self.due_at:
            return False
        return True if self.asked_at > self.due_at else None


@dataclass
class Entry:
    """What the people around one dossier know of it; instants in microseconds UTC, as they were
    answered.
    """

    number: int
    code: str
    unit: str
    channel: str
    result_channel: str
    consent: bool
    process: str = ""
    """By which process the departments work on it; empty before it is accepted."""
    refused: bool = False
    accepted_at: int | None = None
    due_at: int | None = None
    resolved_at: int | None = None
    withdrawn_at: int | None = None
    suspended: bool = False
    handed_over: bool = False
    pauses: list[str] = field(default_factory=list)
    """Why the clock stood still, each time: keys of ``scenario.PAUSE_SHARES``."""
    extended: bool = False
    asked: int = 0
    """Opinions asked of another unit."""
    answered: int = 0
    parent: str = ""
    """The dossier for which another agency works on this one."""
    steps: list[PlayedStep] = field(default_factory=list)
    """The steps that were completed."""
    files: dict[str, int] = field(default_factory=dict)
    """The bytes of each file that was handed in, by its SHA-256."""
    files_refused: int = 0
    opened: dict[str, str] = field(default_factory=dict)
    """The SHA-256 of what came, by that of the file that an officer wanted to open."""
    expected_mails: Counter[str] = field(default_factory=Counter)
    """The mails that the citizen must have got, by kind."""

    def expect_mail(self, kind: str) -> None:
        """Note a mail that the citizen gets, if they have agreed to mails."""
        if self.consent:
            self.expected_mails[kind] += 1

    def promised_days(self) -> float:
        """Return the length of the promise in days; without one it is endless."""
        if self.accepted_at is None or self.due_at is None:
            return math.inf
        return (self.due_at - self.accepted_at) / DAY


@dataclass
class OwnCount:
    """All entries of the week."""

    entries: list[Entry] = field(default_factory=list)
    calls: int = 0

    def report(self, by: str, last: date) -> dict[str, Counter[str]]:
        """Count the week's report by ``unit`` or ``channel``, as an officer with a pencil would."""
        rows: dict[str, Counter[str]] = {}
        for entry in self.entries:
            if entry.accepted_at is None:
                continue
            row = rows.setdefault(getattr(entry, by), Counter())
            row["received"] += 1
            row.update(_outcome(entry, last))
        return rows

    def overdue(self, entry: Entry, last: date) -> bool:
        """Return whether a dossier is pending and overdue on the week's last day."""
        return entry.accepted_at is not None and "pending_overdue" in _outcome(entry, last)

    def pauses(self) -> Counter[str]:
        """Count how often the clock stood still, by reason."""
        return Counter(reason for entry in self.entries for reason in entry.pauses)

    def mails(self) -> Counter[str]:
        """Count the mails that citizens must have got, by kind."""
        return sum((entry.expected_mails for entry in self.entries), Counter())


def _outcome(entry: Entry, last: date) -> list[str]:
    due = None if entry.due_at is None else local_date(entry.due_at, OFFICE)
    if entry.withdrawn_at is not None:
        return ["returned"]
    if entry.resolved_at is not None:
        done = local_date(entry.resolved_at, OFFICE)
        if due is None or done == due:
            return ["resolved", "on_time"]
        return ["resolved", "early" if done < due else "late"]
    overdue = due is not None and due < last and not entry.suspended
    return ["pending", "pending_overdue" if overdue else "pending_in_time"]
