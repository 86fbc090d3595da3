"""Files handed in by several callers at a time, against a bare copy of the same files, encrypted by
AES-GCM, in one run; and the memory of the service meanwhile.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory

import grpc
import psutil
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from motcua.intake.v1 import files_pb2 as pb
from motcua.intake.v1.files_pb2_grpc import FileServiceStub

from benchmarks.harness import Figures, Servers, Size, TargetMissed
from tests.support import desk
from tests.support.identity import metadata
from tests.support.papers import pdf

NAME = "files: handed in by 8 callers, against a bare copy with AES-GCM"
TARGET = 0.5
FLAT = 1.25
"""What the service's memory may grow to, as a share of what the first files take."""
CALLERS = 8
FILE_BYTES = 5_000_000
COUNTS = {Size.SMALL: 16, Size.USUAL: 100, Size.FULL: 400}
_PIECE = 1024 * 1024


def _serve(folder: str, ready: Connection) -> None:
    """Serve a desk until the other end hangs up; tell its address and the dossiers it has."""
    urls = (f"sqlite:///{folder}/intake.db", f"sqlite:///{folder}/keys.db")
    with desk.open_desk(*urls, files_in=Path(folder, "files")) as served:
        codes = [served.submit().dossier_code for _ in range(CALLERS)]
        ready.send((served.address, codes))
        ready.poll(None)


def _handed_in(address: str, codes: list[str], contents: list[bytes]) -> float:
    """Return the seconds in which all are handed in."""
    heads = [
        pb.UploadHead(
            request_id=str(uuid.uuid4()),
            dossier_code=codes[number % CALLERS],
            sha256=hashlib.sha256(content).hexdigest(),
            size=len(content),
            media_type="application/pdf",
        )
        for number, content in enumerate(contents)
    ]

    def pieces(number: int) -> Iterator[pb.UploadFileRequest]:
        yield pb.UploadFileRequest(head=heads[number])
        for begin in range(0, len(contents[number]), _PIECE):
            yield pb.UploadFileRequest(chunk=contents[number][begin : begin + _PIECE])

    # Signed now: another measurement may have set another issuer since the desk was imported.
    officer = metadata("officer", "an.nv", unit="H22.12", roles=["receptionist"])
    with grpc.insecure_channel(address) as channel:
        stub = FileServiceStub(channel)

        def send(number: int) -> None:
            answer = stub.UploadFile(pieces(number), timeout=120, metadata=officer)
            assert answer.stored

        return _together(send, len(contents))


def _copied(folder: str, contents: list[bytes]) -> float:
    """Return the seconds in which all are encrypted and on disk."""
    cipher = AESGCM(os.urandom(32))

    def copy(number: int) -> None:
        with Path(folder, f"copy-{number}").open("wb") as target:
            for begin in range(0, len(contents[number]), _PIECE):
                nonce = os.urandom(12)
                sealed = cipher.encrypt(nonce, contents[number][begin : begin + _PIECE], b"")
                target.write(nonce + sealed)
            target.flush()
            os.fsync(target.fileno())

    return _together(copy, len(contents))


def _together(work: Callable[[int], None], count: int) -> float:
    with ThreadPoolExecutor(CALLERS) as callers:
        began = time.perf_counter()
        list(callers.map(work, range(count)))
        return time.perf_counter() - began


@contextmanager
def _memory(process: psutil.Process) -> Iterator[Callable[[], float]]:
    """Look at a process's memory meanwhile; what is given returns the most of it in MB."""
    over, found = threading.Event(), [process.memory_info().rss]

    def look() -> None:
        while not over.wait(0.05):
            found.append(process.memory_info().rss)

    watch = threading.Thread(target=look)
    watch.start()
    try:
        yield lambda: max(found) / 1e6
    finally:
        over.set()
        watch.join()


def run(size: Size, _servers: Servers) -> Figures:
    """Measure both, print and return the figures."""
    base = os.urandom(FILE_BYTES)
    first, contents = (
        [pdf(number.to_bytes(8, "big") + base) for number in numbers]
        for numbers in (range(2 * CALLERS), range(2 * CALLERS, 2 * CALLERS + COUNTS[size]))
    )
    here, there = multiprocessing.Pipe()
    with TemporaryDirectory(dir=Path.cwd()) as folder:
        server = multiprocessing.get_context("spawn").Process(target=_serve, args=(folder, there))
        server.start()
        there.close()
        address, codes = here.recv()
        with _memory(psutil.Process(server.pid)) as most_at_first:
            _handed_in(address, codes, first)
        with _memory(psutil.Process(server.pid)) as most:
            handed_in = _handed_in(address, codes, contents)
        here.close()
        server.join()
        copied = _copied(folder, contents)
    megabytes = sum(map(len, contents)) / 1e6
    figures = {
        "handed in MB/s": megabytes / handed_in,
        "bare copy MB/s": megabytes / copied,
        "share": copied / handed_in,
        "memory at first MB": most_at_first(),
        "memory MB": most(),
    }
    print(
        f"{len(contents)} files of 5 MB: {figures['handed in MB/s']:.0f} MB/s, a bare copy "
        f"{figures['bare copy MB/s']:.0f} MB/s: {figures['share']:.2f} of it (target {TARGET}); "
        f"the service takes {figures['memory MB']:.0f} MB, after the first files "
        f"{figures['memory at first MB']:.0f} MB (target {FLAT} of it)"
    )
    flat = most() <= FLAT * most_at_first()
    if size is not Size.SMALL and (figures["share"] < TARGET or not flat):
        raise TargetMissed(f"{figures['share']:.2f} of a bare copy, {most():.0f} MB")
    return figures
