"""An archive of the log: a folder of segments, and ``SHA256SUMS``, which lists them.

A segment names the one before it by its digest, so none can be taken away or exchanged between
others. ``sha256sum --check SHA256SUMS`` checks the files without this program.
"""

from __future__ import annotations

import fcntl
import re
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from motcua.archive.v1.archive_pb2 import SegmentHeader

from kernel.archive.segment import (
    ArchiveError,
    Segment,
    read_segment,
    segment_name,
    sha256_of,
    write_segment,
)
from kernel.base.instants import to_timestamp
from kernel.eventsourcing.record import Record
from kernel.storage.durable_files import replaced

SUMS: Final = "SHA256SUMS"
_LINE: Final = re.compile(r"([0-9a-f]{64})  partition-(\d{1,9})/(\d{20})\.pb\.gz")


class Archive:
    """The archive in a folder; raise ``ArchiveError`` when its list of segments can't be read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.segments: dict[int, list[Segment]] = defaultdict(list)
        """By partition, in the order of the log."""
        for number, line in enumerate(self._lines(), start=1):
            found = _LINE.fullmatch(line)
            if found is None:
                raise ArchiveError(f"{folder / SUMS}, line {number}: names no segment")
            sha256, partition, first = found.groups()
            self._append(Segment(int(partition), int(first), sha256))

    @contextmanager
    def reserved(self) -> Iterator[None]:
        """Keep others from adding to the archive; raise ``ArchiveError`` when somebody is."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / ".lock").open("w") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise ArchiveError(f"{self.folder}: somebody is adding to it") from None
            yield

    @property
    def partitions(self) -> int:
        """Return how many partitions the archived topic has; 0 when nothing is archived."""
        for segments in self.segments.values():
            return read_segment(self.folder / segments[0].name)[0].partitions
        return 0

    def records(self, partition: int) -> Iterator[Record]:
        """Yield the records of a partition. Raise ``ArchiveError`` at the first segment that is
        missing, has another digest than listed, follows another one, or lacks records.
        """
        before: Segment | None = None
        offset = 0
        for segment in self.segments.get(partition, ()):
            for record in self._checked(segment, before):
                if record.offset < offset:
                    raise ArchiveError(
                        f"{self._path(segment)}: offset {record.offset} comes after {offset - 1}"
                    )
                offset = record.offset + 1
                yield record
            before = segment

    def last(self, partition: int) -> Record | None:
        """Return the last record of a partition; None when none is archived. Raise
        ``ArchiveError`` when the last segment is not as it was written.
        """
        segments = self.segments.get(partition, [])
        if not segments:
            return None
        before = segments[-2] if len(segments) > 1 else None
        found = deque(self._checked(segments[-1], before), maxlen=1)
        return found[0] if found else None

    def add(
        self, topic: str, partitions: int, partition: int, records: Iterable[Record],
        first_offset: int, now: int,
    ) -> Segment:  # fmt: skip
        """Add a segment, and list it. Killed before that, the next run writes it again."""
        segments = self.segments[partition]
        header = SegmentHeader(
            topic=topic,
            partitions=partitions,
            partition=partition,
            first_offset=first_offset,
            previous_sha256=bytes.fromhex(segments[-1].sha256) if segments else b"",
            written_at=to_timestamp(now),
        )
        path = self.folder / segment_name(partition, first_offset)
        segment = Segment(partition, first_offset, write_segment(path, header, records))
        self._append(segment)
        self._write_sums()
        return segment

    def _checked(self, segment: Segment, before: Segment | None) -> Iterator[Record]:
        path = self._path(segment)
        try:
            found = sha256_of(path)
        except OSError as error:
            raise ArchiveError(f"{path}: {error.strerror}") from error
        if found != segment.sha256:
            raise ArchiveError(f"{path}: was changed, its SHA-256 is {found}")
        header, records = read_segment(path)
        if (header.partition, header.first_offset) != (segment.partition, segment.first_offset):
            raise ArchiveError(f"{path}: holds other records than its name says")
        if header.previous_sha256.hex() != (before.sha256 if before else ""):
            raise ArchiveError(f"{path}: a segment before it is missing or was exchanged")
        yield from records

    def _append(self, segment: Segment) -> None:
        segments = self.segments[segment.partition]
        if segments and segment.first_offset <= segments[-1].first_offset:
            raise ArchiveError(f"{self.folder / SUMS}: {segment.name} is listed out of order")
        segments.append(segment)

    def _path(self, segment: Segment) -> Path:
        return self.folder / segment.name

    def _lines(self) -> list[str]:
        try:
            return (self.folder / SUMS).read_text("ascii").splitlines()
        except FileNotFoundError:
            return []
        except (OSError, UnicodeDecodeError) as error:
            raise ArchiveError(f"{self.folder / SUMS}: can't be read ({error})") from error

    def _write_sums(self) -> None:
        with replaced(self.folder / SUMS) as file:
            for _, segments in sorted(self.segments.items()):
                for each in segments:
                    file.write(f"{each.sha256}  {each.name}\n".encode("ascii"))
