"""The tally service as a process that can be killed, and what must hold whatever happened to it."""

import json
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from motcua.events.v1.event_pb2 import Event
from sqlalchemy import Engine, func, select, true

from kernel.consumer.decisions.service_stream import SERVICE
from kernel.storage.engines import open_engine
from tests.support.feed import log_of, wait_until
from tests.support.paths import ROOT
from tests.support.tally import ANSWERED, HEARD, KERNEL, SEEN, SOURCE, rows


class TallyProcess:
    """One tally service in a process of its own; a context manager that leaves nothing behind."""

    def __init__(self, bootstrap: str, topic: str, url: str, folder: Path, *options: str) -> None:
        """``options`` are those of the process, such as ``--model=third``."""
        self.folder = folder
        self._command = [
            sys.executable, "-m", "tests.support.tally", "--bootstrap", bootstrap,
            "--topic", topic, "--database-url", url, "--marks", str(folder), *options,
        ]  # fmt: skip
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *, ready: bool = True) -> "TallyProcess":
        """Start, and wait until it has read the log unless told otherwise."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "status.json").unlink(missing_ok=True)
        with (self.folder / "log.txt").open("ab") as log:
            self._process = subprocess.Popen(self._command, cwd=ROOT, stdout=log, stderr=log)
        if ready:
            wait_until(lambda: bool(self.status().get("ready")), what="the process is ready")
        return self

    def signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self) -> int:
        """SIGTERM; gives the exit status."""
        assert self._process is not None
        self._process.terminate()
        status = self._process.wait(30)
        self._process = None
        return status

    def status(self) -> dict[str, Any]:
        """Return the consumer's status as it last wrote it; {} when it has not yet."""
        try:
            status: dict[str, Any] = json.loads((self.folder / "status.json").read_text("utf-8"))
        except FileNotFoundError:
            return {}
        return status

    def hold(self, point: str) -> None:
        """Have the relay stop at a point: `send` or `forget`."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / f"hold_{point}").touch()

    def is_held(self, point: str) -> bool:
        """Return whether the relay stands there."""
        return (self.folder / f"held_{point}").exists()

    def release(self, point: str) -> None:
        """Let it go on."""
        (self.folder / f"hold_{point}").unlink()
        (self.folder / f"held_{point}").unlink(missing_ok=True)

    def discard(self, stream_id: str) -> None:
        """Have the first quarantined record of a stream given up."""
        wanted = self.folder / ".discard.new"
        wanted.write_text(stream_id, "utf-8")
        wanted.replace(self.folder / "discard")

    def __enter__(self) -> "TallyProcess":
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
        self.kill()


def reader(url: str) -> Engine:
    """Open a tally's database for reading."""
    return open_engine(url, "tally", read_only=True)


def check_once(
    engine: Engine,
    sent: Iterable[Event],
    bootstrap: str = "",
    topic: str = "",
    *,
    log: Iterable[Event] = (),
) -> None:
    """Check that each event had its effect once, in order, and one answer; that nothing was
    quarantined.

    With a topic, or the events of the ``log``, also that the log has each answer, deduplicated in
    the order of its stream.
    """
    sent = list(sent)
    heights = Counter(event.stream_id for event in sent)
    assert not rows(engine, KERNEL.quarantine)
    assert {row["event_id"] for row in rows(engine, HEARD)} == {event.event_id for event in sent}
    assert {row["dossier_code"]: row["supplements"] for row in rows(engine, SEEN)} == heights
    assert {row["dossier_code"]: row["answers"] for row in rows(engine, ANSWERED)} == heights
    own = [row for row in rows(engine, KERNEL.events) if row["stream_kind"] != SERVICE]
    kept: dict[str, list[str]] = {}
    for row in own:
        kept.setdefault(row["stream_id"], []).append(row["event_id"])
        assert row["sequence"] == len(kept[row["stream_id"]])
    assert len({row["causation_id"] for row in own}) == len(own) == len(sent)
    if topic or log:
        published: dict[str, list[str]] = {}
        for event in log or log_of(bootstrap, topic):
            if event.stream_kind == SERVICE:
                continue
            run = published.setdefault(event.stream_id, [])
            if event.source == SOURCE and event.event_id not in run:
                run.append(event.event_id)
        assert published == kept


def progress(engine: Engine) -> dict[str, int]:
    """Count effects, answers, and answers that wait to be published."""
    with engine.connect() as connection:
        counted = {
            HEARD: true(),
            KERNEL.events: KERNEL.events.c.stream_kind != SERVICE,
            KERNEL.outbox: KERNEL.outbox.c.stream_kind != SERVICE,
        }
        return {
            table.name: connection.execute(
                select(func.count()).select_from(table).where(condition)
            ).scalar_one()
            for table, condition in counted.items()
        }


def introduced(engine: Engine) -> bool:
    """Return whether the service has published which reactions it has."""
    own = rows(engine, KERNEL.events)
    return any(row["stream_kind"] == SERVICE for row in own) and not rows(engine, KERNEL.outbox)


def answered(engine: Engine, number: int) -> bool:
    """Return whether this many events had their effect and answer, and all answers are
    published.
    """
    return list(progress(engine).values()) == [number, number, 0]
