"""The log events of the office and its services, beside those of the kernel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

EVENTS: Final[Mapping[str, str]] = {
    "notify.server_away": "The mail server takes nothing at present; mails wait, uncounted.",
    "notify.sender_waits": "The database does not answer; the sender waits and tries again.",
    "notify.message_failed": "A message can't be delivered; an operator may resend it.",
    "notify.attempt_failed": "An attempt met an unexpected fault; the retry schedule goes on.",
    "intake.pin_guessing": "Wrong PINs reached a limit: somebody guesses.",
    "postal.job_not_found": "A partner asked for a job that is not its own, or does not exist.",
    "web.service_away": "A service that the web pages ask does not answer; the pages say so.",
    "web.page_failed": "A page ended with an unexpected fault.",
    "people.changed": "The directory of people has changed; the new one is in force.",
    "people.refused": "The changed directory can't be used; the one before stays in force.",
    "procedures.taken": "A release of the catalogue of procedures was published and is in use.",
    "procedures.unreadable": "The procedures can't be read; the last good release is in use.",
    "calendars.changed": "Another version of a calendar, or another choice of one, is in force.",
    "calendars.refused": "The calendars can't be read; what was known stays in force.",
    "process.missing": "Open cases need a process that no file holds; they stand still.",
    "child.withheld": "A case opened no further child dossier: too many dossiers stand above it.",
    "timer.skipped": "A transition was not taken: no file holds the process of its case.",
    "ledger.inconsistent": "Audit's tree no longer continues what was signed of a partition: "
    "nothing is signed until it does.",
}
"""Each name with a sentence. An operator may rely on the names."""
