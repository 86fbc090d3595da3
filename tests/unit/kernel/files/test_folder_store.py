"""Objects in a folder: written once, whole or not at all, and what is said when that fails."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from kernel.files.folder_store import FolderStore, folder_of
from kernel.files.object_store import ObjectExists, ObjectMissing, StoreAway, StoreFull
from kernel.files.sealed_file import SealedFile
from kernel.files.segments import KEY_BYTES, SEGMENT, Damaged

FILE = "0123456789abcdef0123456789abcdef"
KEY = os.urandom(KEY_BYTES)


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    """An empty store."""
    return FolderStore(tmp_path / "files")


def test_an_object_is_written_once(store: FolderStore) -> None:
    """The second writer is told, and changes nothing."""
    store.create(FILE, 0, b"first")
    with pytest.raises(ObjectExists):
        store.create(FILE, 0, b"other")
    assert store.read(FILE, 0) == b"first"
    assert store.sizes(FILE) == {0: 5}


def test_what_is_not_there_is_missing(store: FolderStore) -> None:
    """A folder that was deleted, twice even, holds nothing."""
    store.create(FILE, 0, b"data")
    store.delete(FILE)
    store.delete(FILE)
    assert store.sizes(FILE) == {}
    with pytest.raises(ObjectMissing):
        store.read(FILE, 0)


def test_what_a_killed_writer_has_left_is_no_object(store: FolderStore, tmp_path: Path) -> None:
    """It goes with the folder."""
    store.create(FILE, 0, b"data")
    folder = tmp_path / "files" / FILE[-2:] / FILE
    (folder / "1.0123.new").write_bytes(b"da")
    assert store.sizes(FILE) == {0: 4}
    store.sync(FILE)
    store.delete(FILE)
    assert not folder.exists()


def test_a_folder_that_is_away_is_not_made_again(store: FolderStore, tmp_path: Path) -> None:
    """A disk that is not mounted must not be filled in its place."""
    (tmp_path / "files").rename(tmp_path / "gone")
    with pytest.raises(StoreAway):
        store.create(FILE, 0, b"data")
    with pytest.raises(StoreAway):
        store.read(FILE, 0)
    assert not (tmp_path / "files").exists()


def test_a_full_disk_is_told_from_one_that_is_away(
    store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of the object is left."""
    store.create(FILE, 0, b"data")

    def full(self: Path, data: bytes) -> int:
        self.touch()
        raise OSError(errno.ENOSPC, "no space")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(StoreFull) as caught:
        store.create(FILE, 1, b"data")
    assert caught.value.code == "FILES_FULL"
    monkeypatch.undo()
    assert store.sizes(FILE) == {0: 4}


@pytest.mark.parametrize(
    "url",
    [
        "",
        "files",
        "file://host/files",
        "file:files",
        "s3://bucket/files",
        "file:///",
        "file:///a?b",
    ],
)
def test_another_url_names_no_folder(url: str) -> None:
    """It has to be absolute, on this machine, and a folder of its own."""
    with pytest.raises(ValueError, match="must"):
        folder_of(url)


def test_a_url_names_a_folder_with_blanks() -> None:
    """As URLs are written."""
    assert folder_of("file:///srv/of%20fice") == Path("/srv/of fice")


def test_a_file_is_received_up_to_the_first_gap(store: FolderStore) -> None:
    """A segment behind a gap, or one that was cut off, does not count."""
    size = 3 * SEGMENT + 7
    file = SealedFile(store, FILE, KEY, size)
    assert file.received() == 0
    file.write(0, b"a" * SEGMENT)
    file.write(2, b"c" * SEGMENT)
    assert file.received() == SEGMENT
    file.write(1, b"b" * SEGMENT)
    store.create(FILE, 3, b"torn")
    assert file.received() == 3 * SEGMENT


def test_a_file_is_read_from_any_offset(store: FolderStore) -> None:
    """Within a segment, at its edge, at the end and behind it."""
    content = os.urandom(2 * SEGMENT + 5)
    file = SealedFile(store, FILE, KEY, len(content))
    for number in range(3):
        file.write(number, content[number * SEGMENT : (number + 1) * SEGMENT])
    assert file.received() == len(content)
    for offset in (0, 1, SEGMENT - 1, SEGMENT, 2 * SEGMENT + 4, len(content), len(content) + 9):
        assert b"".join(file.read(offset)) == content[offset:], offset


def test_a_segment_that_is_gone_is_damage(store: FolderStore) -> None:
    """The file is never shorter without a word."""
    file = SealedFile(store, FILE, KEY, SEGMENT + 1)
    file.write(0, b"a" * SEGMENT)
    with pytest.raises(Damaged):
        list(file.read(0))
