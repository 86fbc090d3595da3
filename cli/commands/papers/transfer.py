"""Moves one file between this machine and the file service; goes on where it was interrupted."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final

import grpc
from motcua.intake.v1 import files_pb2 as pb

from kernel.rpc.client import explain

CHUNK: Final = 1024 * 1024
SECONDS: Final = 600.0
"""Seconds for one attempt."""
PATIENCE: Final = 60.0
"""Seconds for which it is tried again."""
_AGAIN: Final = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.ABORTED,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.UNKNOWN,  # a connection that broke within a stream
        grpc.StatusCode.CANCELLED,
    }
)


class Changed(Exception):
    """The file has become shorter while it was sent."""


def sha256_of(file: BinaryIO) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    digest = hashlib.sha256()
    while piece := file.read(CHUNK):
        digest.update(piece)
    return digest.hexdigest()


def upload(
    stub: Any,
    head: pb.UploadHead,
    open_file: Callable[[], BinaryIO],
    who: Any,
    on_received: Callable[[int], None] = lambda _received: None,
) -> None:
    """Send a file; raise ``grpc.RpcError`` when it is refused, or for too long nothing answers, and
    ``Changed``. Each attempt opens the file anew, since one that was given up may still read.
    ``on_received`` is told how much is there before each attempt.
    """

    def attempt() -> int:
        asked = pb.UploadHead()
        asked.CopyFrom(head)
        answer = stub.UploadFile(
            iter([pb.UploadFileRequest(head=asked)]), timeout=SECONDS, metadata=who
        )
        on_received(answer.received)
        if not answer.stored:
            asked.offset = answer.received
            answer = stub.UploadFile(_pieces(asked, open_file), timeout=SECONDS, metadata=who)
        return head.size if answer.stored else answer.received

    _until_whole(attempt, head.size)


def download(stub: Any, request: pb.DownloadFileRequest, size: int, target: Path, who: Any) -> None:
    """Append the content of a file to ``target``, which may hold its beginning; raise as
    ``upload``.
    """

    def attempt() -> int:
        with target.open("ab") as file:
            request.offset = min(file.tell(), size)
            file.truncate(request.offset)
            for answer in stub.DownloadFile(request, timeout=SECONDS, metadata=who):
                file.write(answer.chunk)
            return file.tell()

    _until_whole(attempt, size)


def _pieces(
    head: pb.UploadHead, open_file: Callable[[], BinaryIO]
) -> Iterator[pb.UploadFileRequest]:
    yield pb.UploadFileRequest(head=head)
    with open_file() as file:
        file.seek(head.offset)
        while piece := file.read(CHUNK):
            yield pb.UploadFileRequest(chunk=piece)


def _until_whole(attempt: Callable[[], int], size: int) -> None:
    """Repeat an attempt until one succeeds, which returns how much is there then."""
    begun = time.monotonic()
    wait = 0.2
    while True:
        try:
            if attempt() < size:
                raise Changed
            return
        except grpc.RpcError as error:
            if error.code() not in _AGAIN or time.monotonic() - begun > PATIENCE:
                raise
            time.sleep(max(wait, explain(error).retry_after or 0))
            wait = min(2 * wait, 3.0)
