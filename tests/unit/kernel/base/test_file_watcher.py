"""A value read from files follows them, and outlives what can't be used."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kernel.base.file_watcher import INTERVAL, FileWatcher, stamp_of


class Number:
    """A watched file that holds a number, with a clock of its own and the calls it made."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.at = 1000.0
        self.reads = 0
        self.changed: list[int] = []
        self.refused: list[str] = []
        self.watched = FileWatcher(
            lambda: stamp_of(path),
            self._read,
            OSError,
            on_change=self.changed.append,
            on_error=lambda error: self.refused.append(str(error)),
            monotonic=lambda: self.at,
        )

    def _read(self) -> int:
        self.reads += 1
        text = self.path.read_text()
        if not text.isdigit():
            raise OSError(f"{text} is no number")
        return int(text)

    def later(self) -> int:
        """Return the value when the next look is due."""
        self.at += INTERVAL
        return self.watched.value()


def write(path: Path, text: str) -> None:
    """Put a file in place in one step, as its own new version."""
    fresh = path.with_suffix(".new")
    fresh.write_text(text)
    os.replace(fresh, path)


@pytest.fixture
def number(tmp_path: Path) -> Number:
    """A file that holds 1."""
    write(tmp_path / "number", "1")
    return Number(tmp_path / "number")


def test_a_change_is_taken_up_when_a_look_is_due(number: Number) -> None:
    """Not before; once; and files that stay as they are aren't read again."""
    write(number.path, "2")
    number.at += INTERVAL / 2
    assert number.watched.value() == 1
    number.at += INTERVAL / 2
    assert number.watched.value() == 2
    assert number.later() == 2
    assert (number.reads, number.changed, number.refused) == (2, [2], [])


def test_a_look_can_be_asked_for(number: Number) -> None:
    """Who knows that something must have changed does not wait."""
    write(number.path, "2")
    assert number.watched.refresh() == 2


def test_what_cannot_be_used_changes_nothing_and_is_told_once_for_each_change(
    number: Number,
) -> None:
    """Broken, broken otherwise, gone: one line each, and the value stays until it is mended."""
    for text in ("x", "y"):
        write(number.path, text)
        assert [number.later() for _ in range(3)] == [1, 1, 1]
    number.path.unlink()
    assert [number.later() for _ in range(2)] == [1, 1]
    assert number.refused[:2] == ["x is no number", "y is no number"]
    assert len(number.refused) == 3
    write(number.path, "3")
    assert number.later() == 3
    assert number.changed == [3]


def test_the_same_trouble_after_a_good_time_is_told_again(number: Number) -> None:
    """Where the files went back to what is in force, the next mistake is a new one."""
    kept = number.path.with_suffix(".kept")
    for _ in range(2):
        os.rename(number.path, kept)
        number.later()
        os.rename(kept, number.path)
        number.later()
    assert len(number.refused) == 2
    assert number.changed == []


def test_mending_that_no_stamp_shows_is_seen(
    number: Number, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file whose content was right, and that nobody was allowed to read, keeps its stamp."""
    write(number.path, "2")
    with monkeypatch.context() as patched:
        patched.setattr(Path, "read_text", _forbidden)
        assert [number.later(), number.later()] == [1, 1]
    assert len(number.refused) == 1
    assert number.later() == 2


def _forbidden(path: Path) -> str:
    raise PermissionError(13, "Permission denied", str(path))


def test_the_first_read_raises_what_is_wrong(tmp_path: Path) -> None:
    """Nobody works by a value that was never good."""
    with pytest.raises(FileNotFoundError):
        Number(tmp_path / "none")


def test_another_error_is_no_refusal(number: Number) -> None:
    """A fault of the program comes out; whoever asks next has the value read last."""
    number.path.write_bytes(b"\xff")
    with pytest.raises(UnicodeDecodeError):
        number.later()
    assert number.watched.value() == 1


def test_threads_read_a_change_once(number: Number) -> None:
    """However many ask at the same time, one of them looks."""
    write(number.path, "2")
    number.at += INTERVAL
    together = threading.Barrier(8)

    def ask(_: int) -> int:
        together.wait()
        return number.watched.value()

    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(ask, range(8)))
    assert found <= {1, 2}
    assert number.watched.value() == 2
    assert (number.reads, number.changed) == (2, [2])


def test_a_stamp_differs_for_another_file_in_the_same_place(tmp_path: Path) -> None:
    """Of the same length and time too; a file that is not there is known as such."""
    one, other = tmp_path / "one", tmp_path / "other"
    for path in (one, other):
        path.write_text("1")
        os.utime(path, ns=(5, 5))
    before = stamp_of(one, other)
    os.replace(other, one)
    assert stamp_of(one) != before[:1]
    assert stamp_of(other) == (None,)
    assert stamp_of(tmp_path / "a\0b") == (None,), "no file can have this name"
