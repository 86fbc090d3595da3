"""Files handed in and opened through the desk of tests."""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from motcua.intake.v1 import files_pb2 as pb

from kernel.files.segments import SEGMENT
from kernel.rpc.client import RpcProblem, explain
from services.intake.schedulers.upload_sweep import UploadSweep
from tests.support import desk as who
from tests.support.desk import Desk, Metadata
from tests.support.papers import pdf

CONTENT = pdf(os.urandom(2 * SEGMENT + 1234))
"""Two segments and a bit."""


def sha256_of(content: bytes) -> str:
    """Return what names a content."""
    return hashlib.sha256(content).hexdigest()


def head_of(code: str, content: bytes = CONTENT, **values: Any) -> pb.UploadHead:
    """Return the head of an upload of a content."""
    made: dict[str, Any] = {
        "request_id": str(uuid.uuid4()),
        "dossier_code": code,
        "sha256": sha256_of(content),
        "size": len(content),
        "media_type": "application/pdf",
    }
    return pb.UploadHead(**(made | values))


def send(
    desk: Desk,
    head: pb.UploadHead,
    content: bytes = b"",
    caller: Metadata = who.OFFICER,
    *,
    piece: int = 300_000,
) -> pb.UploadFileResponse:
    """Send a head and what follows of a content; raise ``grpc.RpcError``."""

    def messages() -> Iterator[pb.UploadFileRequest]:
        yield pb.UploadFileRequest(head=head)
        for begin in range(0, len(content), piece):
            yield pb.UploadFileRequest(chunk=content[begin : begin + piece])

    answer: pb.UploadFileResponse = desk.files.UploadFile(messages(), timeout=30, metadata=caller)
    return answer


def refused(
    desk: Desk, head: pb.UploadHead, content: bytes = b"", caller: Metadata = who.ENGLISH_OFFICER
) -> RpcProblem:
    """Return how an upload is refused."""
    with pytest.raises(grpc.RpcError) as caught:
        send(desk, head, content, caller)
    return explain(caught.value)


def listed(desk: Desk, code: str, caller: Metadata = who.OFFICER, pin: str = "") -> Any:
    """Return the files of a dossier."""
    request = pb.ListFilesRequest(dossier_code=code, pin=pin)
    return desk.files.ListFiles(request, timeout=20, metadata=caller).files


def opened(
    desk: Desk, code: str, caller: Metadata = who.OFFICER, content: bytes = CONTENT, **values: Any
) -> bytes:
    """Return the content of a file, from an offset."""
    request = pb.DownloadFileRequest(dossier_code=code, sha256=sha256_of(content), **values)
    answers = list(desk.files.DownloadFile(request, timeout=20, metadata=caller))
    assert answers[0].file.size == len(content)
    return b"".join(answer.chunk for answer in answers)


def sweep_of(desk: Desk) -> UploadSweep:
    """Return a sweep that runs when it is told to."""
    return UploadSweep(desk.reading, desk.writer, desk.keyring, desk.store, lambda: True)


def folders(desk: Desk) -> set[str]:
    """Return the files that the store holds anything of."""
    root: Path = desk.store._root
    return {path.name for path in root.glob("*/*")}
