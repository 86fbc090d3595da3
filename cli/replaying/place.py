"""How far a replay has come, kept in a file until it ends, so that the same command goes on."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any


class PlaceTaken(Exception):
    """The same replay is running."""


@dataclass
class Place:
    """After these offsets of partitions all has been sent that is to be.

    ``ends`` are the last offsets that belong to the replay, ``sent`` counts events, and ``mark`` is
    what the target needs to go on: of a file, its size.
    """

    after: dict[int, int] = field(default_factory=dict)
    ends: dict[int, int] = field(default_factory=dict)
    sent: int = 0
    mark: int = 0


class KeptPlace:
    """The file with the place of one replay, known by what is read and where it goes."""

    def __init__(self, folder: Path, replay: Mapping[str, Any]) -> None:
        text = json.dumps(replay, sort_keys=True)
        self._replay = dict(replay)
        self._path = folder / f"{sha256(text.encode()).hexdigest()[:16]}.json"

    @contextmanager
    def reserved(self) -> Iterator[None]:
        """Keep the same replay from running twice; raise ``PlaceTaken`` when it does."""
        self._make_folder()
        lock = self._path.with_suffix(".lock")
        with lock.open("w") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise PlaceTaken("the same replay is running") from None
            yield

    def load(self) -> Place | None:
        """Return how far it came when it was interrupted; None when it was not."""
        try:
            found = json.loads(self._path.read_bytes())
        except (FileNotFoundError, ValueError):
            return None
        return Place(
            after={int(p): offset for p, offset in found["after"].items()},
            ends={int(p): offset for p, offset in found["ends"].items()},
            sent=found["sent"],
            mark=found["mark"],
        )

    def save(self, place: Place) -> None:
        """Keep the place, whatever happens after."""
        text = json.dumps(
            {"replay": self._replay, "after": place.after, "ends": place.ends,
             "sent": place.sent, "mark": place.mark},
            ensure_ascii=False,
        )  # fmt: skip
        self._make_folder()
        new = self._path.with_suffix(".new")
        with new.open("w", encoding="utf-8") as handle:
            handle.write(text)
            handle.flush()
            os.fsync(handle.fileno())
        new.replace(self._path)

    def forget(self) -> None:
        """Begin anew the next time."""
        self._path.unlink(missing_ok=True)

    def _make_folder(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
