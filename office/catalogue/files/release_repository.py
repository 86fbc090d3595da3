"""The repository of releases: a folder of files, each the result of one import, never changed.

The catalogue is the shipped one with all releases applied in order. A release holds the SHA-256 of
the one before it, so that a changed or missing file is found. It appears under its number
atomically (a hard link to a finished file): readers never see an incomplete one, and two imports
never get the same number.
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

from kernel.storage.durable_files import sync_folder
from office.catalogue.files.additions import CatalogueAddition, check_addition, extended_catalogue
from office.catalogue.files.document import FORMAT
from office.catalogue.files.file_errors import ProcedureFileError
from office.catalogue.files.json_format import canonical, json_document, read_json
from office.catalogue.model import Catalogue

EVERY: Final = 1.0
"""Seconds of real time between two reads of the folder."""
_FILE_NAME: Final = re.compile(r"release-(\d{6})\.json", re.ASCII)


class ReleaseError(Exception):
    """Releases that can't be used: one is damaged, missing or does not follow the one before."""


class ReleaseConflict(Exception):
    """Another import published meanwhile; the file must be checked again."""


@dataclass(frozen=True)
class PublishedCatalogue:
    """The catalogue with all releases."""

    catalogue: Catalogue
    release: int
    """The number of the last release; 0 for none."""
    digest: str
    """The SHA-256 of the last release's bytes; empty for none."""


def load(folder: Path, base: Catalogue) -> PublishedCatalogue:
    """Return the catalogue with all releases of a folder, which may be missing; raise
    ``ReleaseError``.
    """
    published = PublishedCatalogue(base, 0, "")
    for number in _numbers(folder):
        published = _with_release(published, folder, number)
    return published


def publish(
    folder: Path,
    published: PublishedCatalogue,
    added: CatalogueAddition,
    *,
    at: str,
    by: str,
    source: str,
) -> PublishedCatalogue:
    """Publish a release and return the catalogue with it; raise ``ReleaseConflict``.

    ``source`` names the decision by which it is published, ``by`` the person, ``at`` the time.
    """
    number = published.release + 1
    document = {
        **json_document(added.fields, added.versions),
        "release": number,
        "previous": published.digest,
        "published_at": at,
        "published_by": by,
        "source": source,
    }
    folder.mkdir(parents=True, exist_ok=True)
    _write_once(folder / _file_name(number), canonical(document))
    return _with_release(published, folder, number)


def list_releases(folder: Path) -> list[dict[str, Any]]:
    """Return all releases: number, time, person, decision, numbers of fields and versions."""
    found = []
    for number in _numbers(folder):
        document, _ = _read(folder, number)
        found.append(
            {
                "release": number,
                "published_at": document["published_at"],
                "published_by": document["published_by"],
                "source": document["source"],
                "fields": len(document["fields"]),
                "versions": len(document["procedures"]),
            }
        )
    return found


def _write_once(path: Path, content: bytes) -> None:
    """Write a file atomically and durably; raise ``ReleaseConflict`` if its name exists."""
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
            raise ReleaseConflict(path.name) from error
    finally:
        os.unlink(name)
    sync_folder(path.parent)


def _numbers(folder: Path) -> list[int]:
    """Return the numbers of the releases; raise ``ReleaseError`` for a gap."""
    try:
        matches = (_FILE_NAME.fullmatch(name) for name in os.listdir(folder))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise ReleaseError(f"{folder}: {error.strerror}") from error
    numbers = sorted(int(match[1]) for match in matches if match)
    if numbers != list(range(1, len(numbers) + 1)):
        missing = min(set(range(1, len(numbers) + 1)) - set(numbers))
        raise ReleaseError(f"{folder}: release {missing} is missing")
    return numbers


def _read(folder: Path, number: int) -> tuple[dict[str, Any], str]:
    name = _file_name(number)
    try:
        raw = (folder / name).read_bytes()
        document = json.loads(raw)
    except (OSError, ValueError) as error:
        raise ReleaseError(f"{name}: can't be read ({error})") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ReleaseError(f"{name}: is no release of this form")
    return document, hashlib.sha256(raw).hexdigest()


def _with_release(published: PublishedCatalogue, folder: Path, number: int) -> PublishedCatalogue:
    """Return the catalogue with one more release; raise ``ReleaseError``."""
    document, digest = _read(folder, number)
    if document.get("release") != number or document.get("previous") != published.digest:
        raise ReleaseError(
            f"release {number} does not follow the release before it: one was changed"
        )
    try:
        added = check_addition(read_json(document), published.catalogue)
    except ProcedureFileError as error:
        raise ReleaseError(f"release {number}: {error}") from error
    both = hashlib.sha256(f"{published.catalogue.digest}{digest}".encode()).hexdigest()[:8]
    return PublishedCatalogue(extended_catalogue(published.catalogue, added, both), number, digest)


class ReleaseRepository:
    """The present catalogue; a thread reads new releases every second.

    Safe to use from any thread. If a release can't be read, the last good catalogue stays in force,
    ``on_error`` is called once with the error's text, and every later read tries again.
    """

    def __init__(
        self,
        folder: Path,
        base: Catalogue,
        *,
        on_release: Callable[[int], None] = lambda release: None,
        on_error: Callable[[str], None] = lambda message: None,
    ) -> None:
        """Read all releases; raise ``ReleaseError``. ``on_release`` gets each later number."""
        self._folder = folder
        self._on_release = on_release
        self._on_error = on_error
        self._last_error = ""
        self._lock = threading.Lock()
        self._published = load(folder, base)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="procedures", daemon=True)

    @property
    def catalogue(self) -> Catalogue:
        """The catalogue as last read."""
        return self._published.catalogue

    def fresh(self) -> Catalogue:
        """Read new releases now and return the catalogue."""
        with self._lock:
            self._read_new()
        return self._published.catalogue

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Stop the thread and wait for its end."""
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(EVERY):
            self.fresh()

    def _read_new(self) -> None:
        try:
            while (self._folder / _file_name(self._published.release + 1)).exists():
                self._published = _with_release(
                    self._published, self._folder, self._published.release + 1
                )
                self._on_release(self._published.release)
            self._last_error = ""
        except (ReleaseError, OSError) as error:
            if str(error) != self._last_error:
                self._on_error(str(error))
            self._last_error = str(error)


def _file_name(number: int) -> str:
    return f"release-{number:06d}.json"
