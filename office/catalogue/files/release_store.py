"""The shelf: a folder of editions, each what one import published, never changed afterwards.

The catalogue is the one that comes with the system and every edition on top of it, in order. An
edition names the SHA-256 of the one before it, so that a changed or missing file shows. It appears
under its number at once and whole (a hard link to a finished file), so that readers never see half
of one and two imports never get the same number.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from office.catalogue.files.additions import Addition, addition, extended
from office.catalogue.files.document import FORMAT
from office.catalogue.files.file_errors import FileError
from office.catalogue.files.json_format import canonical, json_document, read_json
from office.catalogue.model import Catalogue

EVERY: Final = 1.0
"""Seconds of real time between two looks at the folder."""
_NAME: Final = re.compile(r"edition-(\d{6})\.json", re.ASCII)


class ReleaseError(Exception):
    """A shelf that can't be used: an edition is damaged, missing or out of turn."""


class Taken(Exception):
    """Somebody else published meanwhile; the file has to be checked anew."""


@dataclass(frozen=True)
class PublishedCatalogue:
    """The catalogue with everything that is on the shelf."""

    catalogue: Catalogue
    edition: int
    """The number of the last edition; 0 for an empty shelf."""
    digest: str
    """The SHA-256 of the last edition's bytes; empty for an empty shelf."""


def load(folder: Path, base: Catalogue) -> PublishedCatalogue:
    """Read the whole shelf; raise ``ReleaseError``. A folder that is not there is an empty
    shelf.
    """
    shelved = PublishedCatalogue(base, 0, "")
    for number in _numbers(folder):
        shelved = _with(shelved, folder, number)
    return shelved


def publish(
    folder: Path,
    shelved: PublishedCatalogue,
    added: Addition,
    *,
    at: str,
    by: str,
    source: str,
) -> PublishedCatalogue:
    """Put an edition on the shelf and give what is there now; raise ``Taken``.

    ``source`` names the decision by which it is published, ``by`` who does it, ``at`` when.
    """
    number = shelved.edition + 1
    document = {
        **json_document(added.fields, added.versions),
        "edition": number,
        "previous": shelved.digest,
        "published_at": at,
        "published_by": by,
        "source": source,
    }
    folder.mkdir(parents=True, exist_ok=True)
    _appear(folder / _name(number), canonical(document))
    return _with(shelved, folder, number)


def editions(folder: Path) -> list[dict[str, Any]]:
    """List what was published: number, when, by whom, by which decision, and how much."""
    found = []
    for number in _numbers(folder):
        document, _ = _read(folder, number)
        found.append(
            {
                "edition": number,
                "published_at": document["published_at"],
                "published_by": document["published_by"],
                "source": document["source"],
                "fields": len(document["fields"]),
                "versions": len(document["procedures"]),
            }
        )
    return found


def _appear(path: Path, content: bytes) -> None:
    """Let a file be there under its name, at once, whole and for good; raise ``Taken``."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), 0o444)
            os.fsync(file.fileno())
        try:
            os.link(name, path)
        except FileExistsError as error:
            raise Taken(path.name) from error
    finally:
        os.unlink(name)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _numbers(folder: Path) -> list[int]:
    """List the numbers of the editions; raise ``ReleaseError`` for a gap."""
    try:
        matches = (_NAME.fullmatch(name) for name in os.listdir(folder))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise ReleaseError(f"{folder}: {error.strerror}") from error
    numbers = sorted(int(match[1]) for match in matches if match)
    if numbers != list(range(1, len(numbers) + 1)):
        missing = min(set(range(1, len(numbers) + 1)) - set(numbers))
        raise ReleaseError(f"{folder}: edition {missing} is missing")
    return numbers


def _read(folder: Path, number: int) -> tuple[dict[str, Any], str]:
    name = _name(number)
    try:
        raw = (folder / name).read_bytes()
        document = json.loads(raw)
    except (OSError, ValueError) as error:
        raise ReleaseError(f"{name}: can't be read ({error})") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ReleaseError(f"{name}: is no edition of this form")
    return document, hashlib.sha256(raw).hexdigest()


def _with(shelved: PublishedCatalogue, folder: Path, number: int) -> PublishedCatalogue:
    """Add an edition to what was read before it."""
    document, digest = _read(folder, number)
    if document.get("edition") != number or document.get("previous") != shelved.digest:
        raise ReleaseError(
            f"edition {number} does not follow the edition before it: one was changed"
        )
    try:
        added = addition(read_json(document), shelved.catalogue)
    except FileError as error:
        raise ReleaseError(f"edition {number}: {error}") from error
    both = hashlib.sha256(f"{shelved.catalogue.digest}{digest}".encode()).hexdigest()[:8]
    return PublishedCatalogue(extended(shelved.catalogue, added, both), number, digest)


class ReleaseStore:
    """The catalogue as it is now; a thread looks at the folder every second.

    Safe to use from any thread. What can't be read leaves the last good catalogue in force;
    ``trouble`` is told once, and it is tried again at every look.
    """

    def __init__(
        self,
        folder: Path,
        base: Catalogue,
        *,
        taken: Callable[[int], None] = lambda edition: None,
        trouble: Callable[[str], None] = lambda words: None,
    ) -> None:
        """Read the shelf; raise ``ReleaseError``. ``taken`` is told of each later edition."""
        self._folder = folder
        self._taken = taken
        self._trouble = trouble
        self._told = ""
        self._lock = threading.Lock()
        self._shelved = load(folder, base)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="procedures", daemon=True)

    @property
    def catalogue(self) -> Catalogue:
        """The catalogue as of the last look."""
        return self._shelved.catalogue

    def fresh(self) -> Catalogue:
        """Return the catalogue after a look at the folder now."""
        with self._lock:
            self._look()
        return self._shelved.catalogue

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(EVERY):
            self.fresh()

    def _look(self) -> None:
        try:
            while (self._folder / _name(self._shelved.edition + 1)).exists():
                self._shelved = _with(self._shelved, self._folder, self._shelved.edition + 1)
                self._taken(self._shelved.edition)
            self._told = ""
        except (ReleaseError, OSError) as error:
            if str(error) != self._told:
                self._trouble(str(error))
            self._told = str(error)


def _name(number: int) -> str:
    return f"edition-{number:06d}.json"
