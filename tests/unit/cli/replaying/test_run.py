"""A replay that is interrupted goes on where it was."""

from __future__ import annotations

from pathlib import Path

import pytest
from motcua.audit.v1 import audit_pb2 as pb

from cli.replaying import run
from cli.replaying.event_json import to_line
from cli.replaying.filter import Filter
from cli.replaying.pace import Pace
from cli.replaying.place import KeptPlace, Place, PlaceTaken
from cli.replaying.run import play
from cli.replaying.selection import Selection
from cli.replaying.sources import from_file
from cli.replaying.targets.file import FileTarget
from cli.replaying.targets.target import TargetFailed
from tests.support.streamed_events import item

REPLAY = {"to": "here", "filter": ""}
ITEMS = [item(n, partition=n % 2, offset=n // 2, at=n) for n in range(1, 40)]


class Torn(FileTarget):
    """A file whose process is killed at some event: nothing is flushed any more."""

    at = 0

    def send(self, item: pb.StreamEventsResponse) -> None:
        """Take an event, or die."""
        self.at -= 1
        if not self.at:
            raise SystemExit
        super().send(item)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A file that a replay wrote."""
    path = tmp_path / "source.jsonl"
    path.write_text("".join(f"{to_line(each)}\n" for each in ITEMS))
    return path


@pytest.mark.parametrize("died_at", [1, 2, 5, 11, 39])
def test_a_file_that_was_torn_becomes_whole(
    source: Path, tmp_path: Path, died_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each event stands in it once, in order, wherever the process died; until then it is not
    there.
    """
    monkeypatch.setattr(run, "FLUSH_EVENTS", 4)
    target, kept = tmp_path / "target.jsonl", KeptPlace(tmp_path / "places", REPLAY)
    place = Place()
    torn = Torn(target, 0)
    torn.at = died_at
    with pytest.raises(SystemExit):
        play(from_file(source, Selection(), {}), torn, Filter(""), Pace(0, 0), place, kept.save)
    torn.close()
    assert not target.exists()
    again = kept.load() or Place()
    assert (again.sent > 0) is (died_at > 4)
    whole = FileTarget(target, again.mark)
    play(
        from_file(source, Selection(), again.after), whole, Filter(""), Pace(0, 0), again, kept.save
    )
    whole.close()
    assert target.read_bytes() == source.read_bytes()
    assert again.sent == len(ITEMS)


def test_the_place_passes_what_a_filter_leaves_out(source: Path, tmp_path: Path) -> None:
    """It is not read again."""
    place = Place()
    target = FileTarget(tmp_path / "target", 0)
    taken = Filter("payload.round <= 3")
    play(from_file(source, Selection(), {}), target, taken, Pace(0, 0), place, lambda _: None)
    target.close()
    assert (place.sent, place.after) == (3, {1: 19, 0: 19})


def test_another_replay_has_another_place(tmp_path: Path) -> None:
    """What is read and where it goes tell them apart; one that is forgotten begins anew."""
    kept = KeptPlace(tmp_path, REPLAY)
    kept.save(Place(after={3: 5}, ends={3: 9}, sent=2, mark=7))
    assert KeptPlace(tmp_path, REPLAY).load() == Place({3: 5}, {3: 9}, 2, 7)
    assert KeptPlace(tmp_path, REPLAY | {"filter": "true"}).load() is None
    kept.forget()
    assert kept.load() is None


def test_the_same_replay_does_not_run_twice(tmp_path: Path) -> None:
    """Another one does, beside it."""
    with KeptPlace(tmp_path, REPLAY).reserved():
        with pytest.raises(PlaceTaken), KeptPlace(tmp_path, REPLAY).reserved():
            pass
        with KeptPlace(tmp_path, REPLAY | {"to": "there"}).reserved():
            pass
    with KeptPlace(tmp_path, REPLAY).reserved():
        pass


def test_a_selection_holds_for_a_file_too(source: Path) -> None:
    """Its period, its dossier, its places."""
    first = ITEMS[9].occurred_at.ToMicroseconds()
    period = Selection(first=first, end=first + 3_000_000)
    assert list(from_file(source, period, {})) == ITEMS[9:12]
    assert list(from_file(source, Selection(dossier=ITEMS[4].stream_id), {})) == [ITEMS[4]]
    assert list(from_file(source, Selection(), {0: 18, 1: 18})) == ITEMS[37:]


def test_a_file_that_can_not_be_written_is_named(tmp_path: Path) -> None:
    """Before anything is read."""
    with pytest.raises(TargetFailed, match=f"{tmp_path}/no/file: No such file"):
        FileTarget(tmp_path / "no" / "file", 0)


def test_a_full_disk_is_told() -> None:
    """By the device that always is."""
    target = FileTarget(Path("/dev/full"), 0)
    target.send(ITEMS[0])
    for _ in range(2):
        with pytest.raises(TargetFailed, match="/dev/full: No space left on device"):
            target.flush()
    target.close()
