"""A log that is archived, and a topic that is filled from the archive."""

from __future__ import annotations

import gzip
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

from kernel.archive.archive import SUMS, Archive
from kernel.archive.archiving import extend, filled, lacking, remaining
from kernel.archive.segment import ArchiveError
from kernel.base.clock import FixedClock
from kernel.eventsourcing.record import Record
from tests.support.memory_log import PARTITIONS, MemoryLog, MemoryReader

TOPIC = "dossier.events"
SEGMENT = 10
"""Records of a segment in these tests."""


def grow(log: MemoryLog, first: int, count: int) -> None:
    """Put records on a log, of all kinds of keys, values and headers."""
    for number in range(first, first + count):
        log.append(b"key %d" % number, b"value %d" % number, [("a", b"1"), ("b", b"")])
    log.append(None, None)
    log.append(b"", b"")


def archive(folder: Path, log: MemoryLog) -> int:
    """Archive a log, and return how many records were added."""
    clock = FixedClock(1_628_474_400_000_000)
    return extend(Archive(folder), MemoryReader(log), TOPIC, clock, lambda *_: None, SEGMENT)


def restore(folder: Path, log: MemoryLog, most: int = 10_000) -> int:
    """Fill a log from an archive, and return how many records were written; ``most`` of them, as
    if it was killed then.
    """
    found = Archive(folder)
    ends = lacking(found, MemoryReader(log), lambda *_: None)
    count = 0
    for record in remaining(found, ends):
        if count == most:
            break
        written = log.append_at(record)
        assert written.offset == record.offset
        count += 1
    return count


def all_of(log: MemoryLog) -> list[list[Record]]:
    """Return all records by partition."""
    return [log.read(partition, 0, 10_000) for partition in range(PARTITIONS)]


@pytest.fixture
def log() -> MemoryLog:
    """A log with records."""
    made = MemoryLog()
    grow(made, 0, 200)
    return made


def test_what_is_restored_is_what_was_archived(tmp_path: Path, log: MemoryLog) -> None:
    """In several runs, the last of which finds nothing new, and through a restore that is killed
    twice.
    """
    assert archive(tmp_path, log) == 202
    grow(log, 200, 50)
    assert archive(tmp_path, log) == 52
    assert archive(tmp_path, log) == 0
    empty = MemoryLog()
    assert [restore(tmp_path, empty, most) for most in (1, 100, 10_000, 10_000)] == [1, 100, 153, 0]
    assert all_of(empty) == all_of(log)


def test_a_segment_has_so_many_records_at_most(tmp_path: Path, log: MemoryLog) -> None:
    """Each is listed with its first offset, and none is left over from a run that was killed."""
    archive(tmp_path, log)
    found = Archive(tmp_path)
    for partition in range(PARTITIONS):
        firsts = [segment.first_offset for segment in found.segments[partition]]
        assert firsts == list(range(0, log.end(partition), SEGMENT))
    files = {str(path.relative_to(tmp_path)) for path in tmp_path.glob("*/*")}
    assert files == {each.name for segments in found.segments.values() for each in segments}


def test_the_files_are_checked_without_this_program(tmp_path: Path, log: MemoryLog) -> None:
    """The list is in the format of ``sha256sum``, and the segments are gzip."""
    archive(tmp_path, log)
    command = ["sha256sum", "--check", "--quiet", SUMS]
    subprocess.run(command, cwd=tmp_path, check=True)
    path = next(tmp_path.glob("*/*.gz"))
    assert TOPIC.encode() in gzip.decompress(path.read_bytes())


def test_killed_before_it_was_listed_a_segment_is_written_again(
    tmp_path: Path, log: MemoryLog
) -> None:
    """With the records that the log has by then."""
    archive(tmp_path, log)
    listed = (tmp_path / SUMS).read_text().splitlines(keepends=True)
    lines = [one for one, two in pairwise([*listed, ""]) if _partition(one) == _partition(two)]
    assert len(listed) - len(lines) == PARTITIONS
    (tmp_path / SUMS).write_text("".join(lines))
    grow(log, 200, 50)
    archive(tmp_path, log)
    empty = MemoryLog()
    restore(tmp_path, empty)
    assert all_of(empty) == all_of(log)


def _partition(line: str) -> str:
    return line[64:].split("/")[0]


def damaged(folder: Path, what: str) -> None:
    """Damage the third segment of a partition, or the list."""
    third, second = (sorted(folder.glob("partition-2/*.gz"))[number] for number in (2, 1))
    sums = folder / SUMS
    lines = sums.read_text().splitlines(keepends=True)
    if what == "changed":
        content = bytearray(third.read_bytes())
        content[-9] ^= 1
        third.write_bytes(content)
    elif what == "missing":
        third.unlink()
    elif what == "taken out":
        sums.write_text(
            "".join(line for line in lines if second.name not in line or "n-2/" not in line)
        )
    elif what == "list":
        sums.write_text("".join(lines[:3]) + "nonsense\n")
    elif what == "order":
        sums.write_text("".join(reversed(lines)))


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("changed", "partition-2/00000000000000000020.pb.gz: was changed"),
        ("missing", "partition-2/00000000000000000020.pb.gz: No such file"),
        ("taken out", "partition-2/00000000000000000020.pb.gz: a segment before it is missing"),
        ("list", "SHA256SUMS, line 4: names no segment"),
        ("order", "is listed out of order"),
    ],
)
def test_a_damaged_archive_is_refused_before_anything_is_written(
    tmp_path: Path, log: MemoryLog, what: str, words: str
) -> None:
    """By the place of the damage."""
    archive(tmp_path, log)
    damaged(tmp_path, what)
    empty = MemoryLog()
    with pytest.raises(ArchiveError, match=words):
        restore(tmp_path, empty)
    assert all_of(empty) == all_of(MemoryLog())


def test_a_segment_that_was_made_up_is_damaged_too(tmp_path: Path, log: MemoryLog) -> None:
    """Also one that the list names by its digest."""
    archive(tmp_path, log)
    path = sorted(tmp_path.glob("partition-2/*.gz"))[-1]
    before = subprocess.run(["sha256sum", path], capture_output=True, text=True).stdout.split()[0]
    path.write_bytes(gzip.compress(b"\x85\x01not so many bytes"))
    after = subprocess.run(["sha256sum", path], capture_output=True, text=True).stdout.split()[0]
    sums = tmp_path / SUMS
    sums.write_text(sums.read_text().replace(before, after))
    with pytest.raises(ArchiveError, match="is no segment, or damaged"):
        restore(tmp_path, MemoryLog())


def test_another_log_is_not_added(tmp_path: Path, log: MemoryLog) -> None:
    """Neither one that has lost its end, nor one with another record there."""
    archive(tmp_path, log)
    before = (tmp_path / SUMS).read_bytes()
    whole = log.read(3, 0, 10_000)
    log.lose(3, len(whole) - 1)
    with pytest.raises(ArchiveError, match=r"ends before what is archived in partition 3"):
        archive(tmp_path, log)
    log.append_at(whole[-1]._replace(value=b"other"))
    with pytest.raises(ArchiveError, match=r"another record than the archive in partition 3"):
        archive(tmp_path, log)
    assert (tmp_path / SUMS).read_bytes() == before


@pytest.mark.parametrize("at", [0, 5, 10_000])
def test_a_topic_with_any_other_record_is_not_filled(
    tmp_path: Path, log: MemoryLog, at: int
) -> None:
    """Neither at the beginning, nor in between, nor after all that is archived."""
    archive(tmp_path, log)
    other = MemoryLog()
    for record in log.read(0, 0, at):
        other.append_at(record)
    other.append_at(Record(0, other.end(0), b"key", b"other", []))
    before = all_of(other)
    with pytest.raises(ArchiveError, match=f"partition 0, from offset {min(at, log.end(0))} on"):
        restore(tmp_path, other)
    assert all_of(other) == before


def test_two_do_not_add_to_one_archive(tmp_path: Path) -> None:
    """The second is refused at once."""
    first, second = Archive(tmp_path / "new"), Archive(tmp_path / "new")
    with (
        first.reserved(),
        pytest.raises(ArchiveError, match="somebody is adding to it"),
        second.reserved(),
    ):
        pass
    with second.reserved():
        pass


def test_an_offset_without_a_record_keeps_its_place() -> None:
    """By a repeat of the record before it."""
    records = [Record(0, offset, b"key", b"%d" % offset, []) for offset in (0, 1, 4)]
    assert [(r.offset, r.value) for r in filled(records)] == [
        (0, b"0"), (1, b"1"), (2, b"1"), (3, b"1"), (4, b"4"),
    ]  # fmt: skip
