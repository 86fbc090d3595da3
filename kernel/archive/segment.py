"""One segment of an archived log, as a file: gzip, and within it messages of archive.proto, each
behind its length.
"""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO
from itertools import chain
from pathlib import Path
from typing import Any, Final, TypeVar, cast

from google.protobuf.message import DecodeError, Message
from google.protobuf.proto import parse_length_prefixed, serialize_length_prefixed
from motcua.archive.v1.archive_pb2 import ArchivedRecord, SegmentHeader

from kernel.eventsourcing.record import Record
from kernel.storage.durable_files import replaced

LEVEL: Final = 6
"""Of the compression: more takes longer and saves little, because much of an event is sealed."""
M = TypeVar("M", bound=Message)


class ArchiveError(Exception):
    """An archive can't be used or continued; the text names the place and what is wrong there."""


@dataclass(frozen=True)
class Segment:
    """Which segment, and the SHA-256 of its file in hexadecimal."""

    partition: int
    first_offset: int
    sha256: str

    @property
    def name(self) -> str:
        """Return the path of its file below the archive's folder."""
        return segment_name(self.partition, self.first_offset)


def segment_name(partition: int, first_offset: int) -> str:
    """Return the path of a segment's file below the archive's folder."""
    return f"partition-{partition}/{first_offset:020d}.pb.gz"


def write_segment(path: Path, header: SegmentHeader, records: Iterable[Record]) -> str:
    """Write a segment, which is on disk and whole under its name when this returns.

    Return the SHA-256 of the file in hexadecimal.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # No name and no time in it: the same records give the same file.
    with (
        replaced(path) as file,
        gzip.GzipFile("", "wb", LEVEL, file, mtime=0) as compressed,
    ):
        for message in chain([header], map(_archived, records)):
            # Any binary stream will do; the library's annotation names one kind.
            serialize_length_prefixed(message, cast(BytesIO, compressed))
    return sha256_of(path)


def read_segment(path: Path) -> tuple[SegmentHeader, Iterator[Record]]:
    """Return what a segment says of itself, and its records; both raise ``ArchiveError``."""
    messages = _messages(path)
    header = next(messages)
    return header, (_record(header.partition, each) for each in messages)


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _messages(path: Path) -> Iterator[Any]:
    """Yield the header, and then the records."""
    try:
        with gzip.open(path, "rb") as file:
            yield _read(SegmentHeader, file) or SegmentHeader()
            while (found := _read(ArchivedRecord, file)) is not None:
                yield found
    except (OSError, EOFError, zlib.error, DecodeError, ValueError) as error:
        raise ArchiveError(f"{path}: is no segment, or damaged ({error})") from error


def _read(kind: type[M], file: Any) -> M | None:
    return parse_length_prefixed(kind, file)


def _archived(record: Record) -> ArchivedRecord:
    made = ArchivedRecord(offset=record.offset, timestamp_ms=record.timestamp_ms)
    if record.key is not None:
        made.key = record.key
    if record.value is not None:
        made.value = record.value
    for name, value in record.headers:
        header = made.headers.add(name=name)
        if value is not None:
            header.value = value
    return made


def _record(partition: int, found: ArchivedRecord) -> Record:
    return Record(
        partition,
        found.offset,
        found.key if found.HasField("key") else None,
        found.value if found.HasField("value") else None,
        # Kafka has headers without a value, and readers take them for empty ones.
        [(header.name, header.value) for header in found.headers],
        found.timestamp_ms,
    )
