"""The official indicators (reports 06a and 06b), counted by local days; pure.

All days here are whole numbers YYYYMMDD.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from services.audit.state.portal_state import WITHOUT_RESULT, DossierRow


class ReportedDossier(NamedTuple):
    """What a report needs of one accepted dossier."""

    received_day: int
    finished_day: int | None
    due_day: int | None
    suspended_day: int | None
    withdrawn: bool
    """Returned without result: withdrawn, or closed because papers never came."""
    checked_late: bool = False
    """The desk had not checked it when its eight working hours were over."""
    channel: str = ""
    """The way in which it came."""


@dataclass(slots=True)
class Counts:
    """One line of a report; carried_over + received = resolved + returned + pending."""

    carried_over: int = 0
    received: int = 0
    resolved: int = 0
    early: int = 0
    on_time: int = 0
    late: int = 0
    returned: int = 0
    pending: int = 0
    pending_in_time: int = 0
    pending_overdue: int = 0
    checked_late: int = 0
    """Of those received; not part of the balance."""
    received_online: int = 0
    """Of those received; not part of the balance."""
    received_by_post: int = 0
    """Of those received; not part of the balance."""

    def add(self, dossier: ReportedDossier, first: int, last: int, today: int) -> bool:
        """Count a dossier, if it belongs to the period; return whether it does.

        It does when received by the last day, and not finished before the first. What is pending
        is judged on the last day, or ``today`` if that is earlier. A dossier that by its records
        ended before it was received counts as ended when it was received.
        """
        received, finished, due, suspended, withdrawn, checked_late, channel = dossier
        if received > last:
            return False
        ended = None if finished is None else max(finished, received)
        if received >= first:
            self.received += 1
            self.checked_late += checked_late
            self.received_online += channel == "online"
            self.received_by_post += channel == "post"
        elif ended is None or ended >= first:
            self.carried_over += 1
        else:
            return False
        if finished is None or ended is None or ended > last:
            self._wait(due, suspended, min(last, today))
        elif withdrawn:
            self.returned += 1
        else:
            self._resolve(finished, due)
        return True

    def _resolve(self, finished: int, due: int | None) -> None:
        self.resolved += 1
        if due is None or finished == due:
            self.on_time += 1
        elif finished < due:
            self.early += 1
        else:
            self.late += 1

    def _wait(self, due: int | None, suspended: int | None, reference: int) -> None:
        self.pending += 1
        still = suspended is not None and suspended <= reference
        if due is None or still or due >= reference:
            self.pending_in_time += 1
        else:
            self.pending_overdue += 1


Key = tuple[str, str]
"""What a line is about: its key, and in a cross table the key of its column."""


class Indicators:
    """Counts dossiers one by one into lines and a total.

    A key with nothing to count has no line. In a cross table each key has a line for each column in
    which any has something.
    """

    def __init__(self, first: int, last: int) -> None:
        self._first = first
        self._last = last
        self.total = Counts()
        self._lines: dict[Key, Counts] = {}

    def add(self, keys: Iterable[Key], dossier: ReportedDossier, today: int) -> None:
        """Count a dossier in the total once, and in the line of each key."""
        if not self.total.add(dossier, self._first, self._last, today):
            return
        for key in keys:
            line = self._lines.get(key)
            if line is None:
                line = self._lines[key] = Counts()
            line.add(dossier, self._first, self._last, today)

    def rows(self) -> list[tuple[Key, Counts]]:
        """Return the lines, by key and column."""
        keys, columns = ({key[part] for key in self._lines} for part in (0, 1))
        return [
            ((key, column), self._lines.get((key, column)) or Counts())
            for key in sorted(keys)
            for column in sorted(columns)
        ]


def reported_dossier(row: DossierRow) -> ReportedDossier | None:
    """Return what the report needs of a dossier's row; None for one that was never accepted."""
    received: Any = row["received_day"]
    if received is None:
        return None
    return ReportedDossier(
        received,
        row["finished_day"],
        row["due_day"],
        row["suspended_day"],
        row["state"] in WITHOUT_RESULT,
        row["check_missed_at"] is not None,
        row["channel"],
    )
