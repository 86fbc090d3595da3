"""Why a service takes nothing at present."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class HaltReason(StrEnum):
    """The kinds of reasons; callers whose commands are refused get them too."""

    QUARANTINE_LIMIT = "QUARANTINE_LIMIT"
    LOG_DIFFERS = "LOG_DIFFERS"
    TOPIC_UNKNOWN = "TOPIC_UNKNOWN"
    TOPIC_MISSING = "TOPIC_MISSING"
    TOPIC_DIFFERS = "TOPIC_DIFFERS"
    DATABASE_FULL = "DATABASE_FULL"
    LEDGER_UNKNOWN = "LEDGER_UNKNOWN"
    LEDGER_STALLED = "LEDGER_STALLED"


@dataclass(frozen=True, slots=True)
class Halt:
    """A reason, and in words what is the matter."""

    reason: HaltReason
    why: str


FULL: Final = Halt(HaltReason.DATABASE_FULL, "the disk of the database is full")
