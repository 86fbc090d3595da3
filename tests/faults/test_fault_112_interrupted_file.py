"""Fault 112: intake is killed while it receives or gives out a file, and a client while it fetches
one.
"""

from __future__ import annotations

import hashlib
import io
import os
import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from motcua.intake.v1 import files_pb2 as pb
from motcua.intake.v1.files_pb2_grpc import FileServiceStub

from cli.commands.papers import transfer
from kernel.files.segments import SEGMENT
from tests.support.feed import wait_until
from tests.support.papers import pdf
from tests.support.stack import Stack, running
from tests.support.walk import AT_COUNTER, UNIT, walking

pytestmark = pytest.mark.faults
OFFICER = ("--officer", "an.nv", "--unit", UNIT)
HALF = 8 * SEGMENT
CONTENT = pdf(os.urandom(2 * HALF + 77))


class Hold:
    """Holds whoever reads a file at its half, until it is released."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.released = threading.Event()

    def file(self) -> io.BytesIO:
        """Open the file."""
        return _HeldFile(self)


class _HeldFile(io.BytesIO):
    def __init__(self, hold: Hold) -> None:
        super().__init__(CONTENT)
        self._hold = hold

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell() >= HALF:
            self._hold.reached.set()
            assert self._hold.released.wait(60)
        return super().read(size)


class KillingStub:
    """Kills the service once, when some pieces of a download have come."""

    def __init__(self, stub: Any, kill: Callable[[], object]) -> None:
        self._stub = stub
        self._kill: Callable[[], object] | None = kill
        self.offsets: list[int] = []

    def DownloadFile(self, request: Any, **options: Any) -> Iterator[Any]:  # noqa: N802
        """Yield the answers."""
        self.offsets.append(request.offset)
        for number, answer in enumerate(self._stub.DownloadFile(request, **options)):
            yield answer
            if number == 3 and self._kill is not None:
                self._kill()
                self._kill = None


def _segments(stack: Stack) -> int:
    return sum(1 for path in (stack.folder / "files").glob("*/*/*") if path.name.isdecimal())


def test_fault_112_a_file_goes_on_where_it_was_interrupted(tmp_path: Path) -> None:
    """What was received before counts, and the file comes back byte for byte."""
    with running(tmp_path) as stack:
        with walking(stack) as walk:
            code, who = walk.accepted(result_channel=AT_COUNTER).dossier_code, walk.officer
        _received_by_a_killed_service(stack, code, who)
        _given_out_by_a_killed_service(stack, code, who, tmp_path / "got.bin")
        _fetched_by_a_killed_client(stack, code, tmp_path)
        _handed_in_by_command(stack, code, tmp_path)


def _received_by_a_killed_service(stack: Stack, code: str, who: Any) -> None:
    held = Hold()
    head = pb.UploadHead(
        request_id=str(uuid.uuid4()),
        dossier_code=code,
        part="don",
        sha256=hashlib.sha256(CONTENT).hexdigest(),
        size=len(CONTENT),
        media_type="application/pdf",
    )
    there: list[int] = []
    failed: list[BaseException] = []

    def send() -> None:
        try:
            with stack.channel("intake") as channel:
                transfer.upload(FileServiceStub(channel), head, held.file, who, there.append)
        except BaseException as error:
            failed.append(error)

    sending = threading.Thread(target=send)
    sending.start()
    try:
        wait_until(lambda: held.reached.is_set() or bool(failed), 60, "half of the file was sent")
        assert not failed, failed
        wait_until(lambda: _segments(stack) >= HALF // SEGMENT, 60, "half of the file is there")
        stack.wait_back("intake", stack.kill("intake"))
    finally:
        held.released.set()
        sending.join()
    assert not failed, (failed, stack.story())
    assert there[0] == 0
    assert HALF in there, there


def _given_out_by_a_killed_service(stack: Stack, code: str, who: Any, target: Path) -> None:
    request = pb.DownloadFileRequest(dossier_code=code, sha256=hashlib.sha256(CONTENT).hexdigest())
    with stack.channel("intake") as channel:
        stub = KillingStub(FileServiceStub(channel), lambda: stack.kill("intake"))
        transfer.download(stub, request, len(CONTENT), target, who)
    assert target.read_bytes() == CONTENT
    assert stub.offsets[0] == 0


def _fetched_by_a_killed_client(stack: Stack, code: str, folder: Path) -> None:
    """What it has left is gone on with; if that is not of the file, nothing is left of it."""
    target = folder / "by command.pdf"
    left = target.with_name(f"{target.name}.{hashlib.sha256(CONTENT).hexdigest()[:16]}.part")
    get = ("files", "get", code, "don", str(target), *OFFICER)
    left.write_bytes(b"x" * 1000)
    wrong = stack.run(*get)
    assert (wrong.returncode, left.exists(), target.exists()) == (1, False, False), wrong
    left.write_bytes(CONTENT[:1_300_000])
    right = stack.run(*get)
    assert right.returncode == 0, right
    assert target.read_bytes() == CONTENT
    assert not left.exists()


def _handed_in_by_command(stack: Stack, code: str, folder: Path) -> None:
    page = folder / "page.pdf"
    page.write_bytes(pdf())
    for _ in range(2):
        put = stack.run("files", "put", code, str(page), *OFFICER)
        assert (put.returncode, put.stdout.strip()) == (
            0,
            hashlib.sha256(page.read_bytes()).hexdigest(),
        ), put
    files = stack.motcua("files", "list", code, *OFFICER, "--json")["files"]
    assert [(f.get("part", ""), f["size"]) for f in files] == [
        ("don", len(CONTENT)),
        ("", len(page.read_bytes())),
    ]
    several = stack.run("files", "get", code, str(folder / "any"), *OFFICER)
    assert (several.returncode, "2 files" in several.stderr) == (1, True), several
    page.rename(folder / "page.exe")
    ending = stack.run("files", "put", code, str(folder / "page.exe"), *OFFICER)
    assert (ending.returncode, ".pdf" in ending.stderr) == (2, True), ending
    other = stack.run("files", "list", code, "--officer", "xa", "--unit", "H22.60.05")
    assert other.returncode == 1, other
