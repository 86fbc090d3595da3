"""Releases appear whole and once, in order, and a changed one shows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from office.catalogue.files import release_repository
from office.catalogue.files.additions import check_addition
from office.catalogue.files.reader import read_file
from office.catalogue.files.release_repository import (
    PublishedCatalogue,
    ReleaseConflict,
    ReleaseError,
    ReleaseRepository,
)
from tests.support.procedure_files import empty, saved


def put(folder: Path, number: int) -> PublishedCatalogue:
    """Publish the procedure's version with this number as the next release."""
    changes = {"version": number, "valid_from": f"20{number:02d}-01-01"}
    published = release_repository.load(folder / "releases", empty())
    added = check_addition(read_file(saved(folder, changes)), published.catalogue)
    return release_repository.publish(
        folder / "releases",
        published,
        added,
        at="2021-08-09T08:00:00+00:00",
        by="an",
        source="QĐ 1",
    )


@contextmanager
def watched(folder: Path, errors: list[str] | None = None) -> Iterator[ReleaseRepository]:
    """Run a repository of releases."""
    received = [] if errors is None else errors
    found = ReleaseRepository(folder / "releases", empty(), on_error=received.append)
    found.start()
    try:
        yield found
    finally:
        found.stop()


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait until something is so."""
    ends = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < ends
        threading.Event().wait(0.02)


def test_releases_follow_each_other(tmp_path: Path) -> None:
    """Each release adds to the ones before; a second reading gives the same, digest included."""
    first, second = put(tmp_path, 1), put(tmp_path, 2)
    again = release_repository.load(tmp_path / "releases", empty())

    assert (first.release, second.release, again.release) == (1, 2, 2)
    assert [version.version for version in again.catalogue.procedures["1.000001"]] == [1, 2]
    assert again.digest == second.digest
    assert again.catalogue.digest == second.catalogue.digest != first.catalogue.digest
    assert release_repository.list_releases(tmp_path / "releases")[1] == {
        "release": 2,
        "published_at": "2021-08-09T08:00:00+00:00",
        "published_by": "an",
        "source": "QĐ 1",
        "fields": 0,
        "versions": 1,
    }


def test_a_missing_folder_has_no_releases(tmp_path: Path) -> None:
    """Without a folder there is the catalogue that ships and nothing more."""
    assert release_repository.load(tmp_path / "releases", empty()).release == 0
    assert release_repository.list_releases(tmp_path / "releases") == []


def test_a_release_can_not_be_written_again(tmp_path: Path) -> None:
    """Two imports that checked against the same releases: one is published, the other is told."""
    published = release_repository.load(tmp_path / "releases", empty())
    added = check_addition(read_file(saved(tmp_path)), published.catalogue)

    def one(_: int) -> bool:
        try:
            release_repository.publish(
                tmp_path / "releases", published, added, at="", by="", source=""
            )
        except ReleaseConflict:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(one, range(8))) == 1
    assert os.listdir(tmp_path / "releases") == ["release-000001.json"]
    assert not os.stat(tmp_path / "releases/release-000001.json").st_mode & 0o222


@pytest.mark.parametrize("release", [1, 2])
def test_a_changed_release_shows(tmp_path: Path, release: int) -> None:
    """A value changed in a published release is found, by the digest in its follower."""
    for number in (1, 2, 3):
        put(tmp_path, number)
    path = tmp_path / f"releases/release-{release:06d}.json"
    path.chmod(0o600)
    path.write_bytes(path.read_bytes().replace(b'"5wd"', b'"6wd"'))

    with pytest.raises(ReleaseError, match=f"release {release + 1} does not follow"):
        release_repository.load(tmp_path / "releases", empty())


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda path: path.unlink(), "release 1 is missing"),
        (lambda path: path.write_text("{"), "can't be read"),
        (lambda path: path.write_text("[]"), "is no release"),
        (lambda path: path.write_bytes(path.read_bytes()[:200]), "can't be read"),
    ],
)
def test_a_spoilt_release_folder_is_refused(
    tmp_path: Path, spoil: Callable[[Path], None], message: str
) -> None:
    """A missing, cut or foreign release stops the start with its number."""
    put(tmp_path, 1)
    put(tmp_path, 2)
    path = tmp_path / "releases/release-000001.json"
    path.chmod(0o600)
    spoil(path)

    with pytest.raises(ReleaseError, match=message):
        release_repository.load(tmp_path / "releases", empty())


def test_a_release_with_mistakes_is_refused(tmp_path: Path) -> None:
    """A release is checked like any file."""
    put(tmp_path, 1)
    path = tmp_path / "releases/release-000001.json"
    path.chmod(0o600)
    document = json.loads(path.read_text())
    document["procedures"][0]["unit"] = "H99"
    path.write_text(json.dumps(document))

    with pytest.raises(ReleaseError, match="'H99' is no unit"):
        release_repository.load(tmp_path / "releases", empty())


def test_a_running_service_takes_releases_over(tmp_path: Path) -> None:
    """A later release is in use without a restart, and what was found before stays found."""
    with watched(tmp_path) as running:
        assert not running.catalogue.knows("1.000001")
        put(tmp_path, 1)
        wait_for(lambda: running.catalogue.knows("1.000001"))
        before = running.catalogue
        put(tmp_path, 2)
        assert running.fresh().version("1.000001", 2) is not None
        assert before.version("1.000001", 2) is None  # who began with it, ends with it


def test_a_spoilt_release_leaves_the_last_good_one(tmp_path: Path) -> None:
    """Trouble is told once, and a mended release is taken."""
    errors: list[str] = []
    put(tmp_path, 1)
    with watched(tmp_path, errors) as running:
        second = put(tmp_path, 2)
        assert second.release == 2
        path = tmp_path / "releases/release-000003.json"
        path.write_text("{")
        wait_for(lambda: bool(errors))
        running.fresh()
        assert running.catalogue.version("1.000001", 2) is not None
        assert len(errors) == 1
        path.unlink()
        put(tmp_path, 3)
        assert running.fresh().version("1.000001", 3) is not None


def test_readers_never_see_half_a_release(tmp_path: Path) -> None:
    """Processes that read all the time meet each release whole or not at all."""
    code = (
        "import sys, pathlib\n"
        "from office.catalogue.files import release_repository as repository\n"
        "from tests.support.procedure_files import empty\n"
        "last = 0\n"
        "print('ready', flush=True)\n"
        "while last < 12:\n"
        "    found = repository.load(pathlib.Path(sys.argv[1]), empty())\n"
        "    assert found.release >= last\n"
        "    assert len(found.catalogue.procedures.get('1.000001', ())) == found.release\n"
        "    last = found.release\n"
    )
    argv = [sys.executable, "-c", code, str(tmp_path / "releases")]
    readers = [subprocess.Popen(argv, stdout=subprocess.PIPE) for _ in range(2)]
    try:
        for reader in readers:
            assert reader.stdout is not None
            assert reader.stdout.readline() == b"ready\n"
        for number in range(1, 13):
            put(tmp_path, number)
        assert [reader.wait(60) for reader in readers] == [0, 0]
    finally:
        for reader in readers:
            reader.kill()
            reader.communicate()
