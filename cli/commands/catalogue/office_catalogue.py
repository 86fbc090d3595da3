"""The office's catalogue of procedures: what ships, releases, and the directory's units."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from cli.commands.people import load
from cli.printer import failed
from cli.settings import settings
from office.catalogue.files import release_repository
from office.catalogue.loader import shipped_catalogue
from office.catalogue.model import Catalogue
from office.catalogue.unit_overlay import UnitOverlay


def base_catalogue() -> Catalogue:
    """Return the catalogue that ships, with the units of the directory PEOPLE_DIRECTORY.

    End the program when that can't be used.
    """
    named = settings().people_directory
    people = load(named) if named else None
    return UnitOverlay(lambda: people).of(shipped_catalogue()) if people else shipped_catalogue()


def load_published() -> release_repository.PublishedCatalogue:
    """Read the published procedures; raise ``ReleaseError`` and ``OSError``."""
    return release_repository.load(settings().procedures_dir, base_catalogue())


def office_catalogue() -> Catalogue:
    """Return the catalogue that is in force.

    End the program when the published procedures can't be used.
    """
    with exit_when_unusable():
        return load_published().catalogue


@contextmanager
def exit_when_unusable() -> Iterator[None]:
    """End the program with a line of its own when the published procedures can't be used."""
    try:
        yield
    except (release_repository.ReleaseError, OSError) as error:
        raise failed(f"the published procedures can't be used: {error}") from error
