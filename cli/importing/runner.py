"""Runs an import: many dossiers side by side, each in its own order, with a journal."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import grpc

from cli.grpc_clients import open_channel
from cli.importing.calls import CallRefused, Calls
from cli.importing.history import Histories, ImportedHistory, ImportedStep, Reject
from cli.importing.mapping import LoadedMapping
from kernel.rpc.client import OPTIONS

SIDE_BY_SIDE = 128
"""Dossiers imported at a time: what waits is committed together."""


@dataclass
class ImportOutcome:
    """What an import did; ``rows`` = ``kept`` + the length of ``rejects``."""

    rows: int
    dossiers: int = 0
    kept: int = 0
    skipped: int = 0
    """Dossiers that an earlier run of the same import had finished."""
    ended: int = 0
    after_end: int = 0
    before_start: int = 0
    """Steps before their case was handed in."""
    left_out: int = 0
    """Rows that are no steps."""
    ended_before_start: list[str] = field(default_factory=list)
    """Dossiers that are kept although their end lies before they were handed in."""
    at_midnight: list[str] = field(default_factory=list)
    """Dossiers that are due or ended at 00:00 sharp."""
    due_before_start: list[str] = field(default_factory=list)
    seconds: float = 0.0
    rejects: list[Reject] = field(default_factory=list)
    troubles: list[tuple[str, str]] = field(default_factory=list)
    """Dossiers whose steps are kept but whose end could not be recorded, with the reason."""


class Journal:
    """The dossiers that an import has finished; a file beside the stack's data, one code a line.

    Only a hint: who reads it asks the services as well.
    """

    def __init__(self, folder: Path, source: Path, loaded: LoadedMapping) -> None:
        digest = hashlib.sha256(loaded.content)
        digest.update(source.read_bytes())
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / f"{digest.hexdigest()[:24]}.done"
        self.done = (
            set(self._path.read_text("utf-8").splitlines()) if self._path.exists() else set()
        )
        self._file = self._path.open("a", encoding="utf-8")

    def add(self, code: str) -> None:
        """Note a dossier as finished."""
        self._file.write(code + "\n")
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


async def import_histories(
    histories: Histories, loaded: LoadedMapping, journal: Journal, progress: Callable[[int], None]
) -> ImportOutcome:
    """Import all cases; ``progress`` gets the number of rows settled by each dossier.

    Raise an ``ExceptionGroup`` with ``ServiceAway`` when a service does not answer; run again, it
    goes on.
    """
    outcome = ImportOutcome(
        histories.rows, rejects=list(histories.rejects), left_out=histories.left_out
    )
    begun = time.monotonic()
    async with (
        open_channel(grpc.aio, "intake", options=OPTIONS) as intake,
        open_channel(grpc.aio, "routing", options=OPTIONS) as routing,
    ):
        calls = Calls(loaded.mapping, intake, routing)
        queue = iter(histories.cases)

        async def work() -> None:
            for case in queue:
                await _settle(calls, case, journal, outcome)
                progress(len(case.steps))

        async with asyncio.TaskGroup() as group:
            for _ in range(SIDE_BY_SIDE):
                group.create_task(work())
    outcome.seconds = time.monotonic() - begun
    outcome.rejects.sort()
    outcome.troubles.sort()
    outcome.at_midnight.sort()
    outcome.ended_before_start.sort()
    outcome.due_before_start.sort()
    return outcome


async def _settle(
    calls: Calls, case: ImportedHistory, journal: Journal, outcome: ImportOutcome
) -> None:
    """Import one dossier, or reject its rows with the reason."""
    if case.code in journal.done and await calls.is_complete(case):
        outcome.skipped += 1
        outcome.kept += len(case.steps)
    else:
        try:
            await calls.open(case)
        except CallRefused as error:
            reason = f"dossier: {error}"
            outcome.rejects += [Reject(step.row, case.code, reason) for step in case.steps]
            return
        rejects, trouble = await _record_case(calls, case)
        outcome.kept += len(case.steps) - len(rejects)
        outcome.rejects += rejects
        outcome.troubles += [(case.code, text) for text in trouble]
        if not rejects and not trouble:
            journal.add(case.code)
    outcome.dossiers += 1
    outcome.ended += case.ended_at is not None
    outcome.after_end += case.after_end
    outcome.before_start += case.before_start
    if case.at_midnight:
        outcome.at_midnight.append(case.code)
    if case.ended_before_start:
        outcome.ended_before_start.append(case.code)
    if case.due_before_start:
        outcome.due_before_start.append(case.code)


async def _record_case(calls: Calls, case: ImportedHistory) -> tuple[list[Reject], list[str]]:
    """Record the steps in order of time, the end of the case among them where it belongs."""
    rejects: list[Reject] = []
    trouble: list[str] = []
    before = [s for s in case.steps if case.ended_at is None or s.at <= case.ended_at]
    for step in before:
        rejects += await _record(calls, case, step)
    try:
        await calls.resolve(case)
    except CallRefused as error:
        trouble.append(f"its end: {error}")
    for step in case.steps[len(before) :]:
        rejects += await _record(calls, case, step)
    try:
        await calls.complete(case)
    except CallRefused as error:
        trouble.append(f"its completion: {error}")
    return rejects, trouble


async def _record(calls: Calls, case: ImportedHistory, step: ImportedStep) -> list[Reject]:
    try:
        await calls.record(case, step)
    except CallRefused as error:
        return [Reject(step.row, case.code, str(error))]
    return []
