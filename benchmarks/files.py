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
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory

import grpc
import psutil
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from motcua.intake.v1 import files_pb2 as pb
from motcua.intake.v1.files_pb2_grpc import FileServiceStub

from benchmarks.harness import Figures, Servers, Size
from tests.support import desk
from tests.support.papers import pdf

NAME = "files: handed in by 8 callers, against a bare copy with AES-GCM"
TARGET = 0.5
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

    with grpc.insecure_channel(address) as channel:
        stub = FileServiceStub(channel)

        def send(number: int) -> None:
            answer = stub.UploadFile(pieces(number), timeout=120, metadata=desk.OFFICER)
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


def _most_memory(process: psutil.Process, until: threading.Event, found: list[int]) -> None:
    while not until.wait(0.05):
        found.append(process.memory_info().rss)


def run(size: Size, _servers: Servers) -> Figures:
    """Measure both, print and return the figures."""
    base = os.urandom(FILE_BYTES)
    contents = [pdf(number.to_bytes(8, "big") + base) for number in range(COUNTS[size])]
    here, there = multiprocessing.Pipe()
    with TemporaryDirectory(dir=Path.cwd()) as folder:
        server = multiprocessing.get_context("spawn").Process(target=_serve, args=(folder, there))
        server.start()
        there.close()
        address, codes = here.recv()
        _handed_in(address, codes, [pdf(b"%d" % number) for number in range(CALLERS)])
        process, over, rss = psutil.Process(server.pid), threading.Event(), [0]
        before = process.memory_info().rss
        watch = threading.Thread(target=partial(_most_memory, process, over, rss))
        watch.start()
        handed_in = _handed_in(address, codes, contents)
        over.set()
        watch.join()
        here.close()
        server.join()
        copied = _copied(folder, contents)
    megabytes = sum(map(len, contents)) / 1e6
    figures = {
        "handed in MB/s": megabytes / handed_in,
        "bare copy MB/s": megabytes / copied,
        "share": copied / handed_in,
        "memory grown MB": (max(rss) - before) / 1e6,
    }
    print(
        f"{len(contents)} files of 5 MB: {figures['handed in MB/s']:.0f} MB/s, a bare copy "
        f"{figures['bare copy MB/s']:.0f} MB/s: {figures['share']:.2f} of it (target {TARGET}); "
        f"memory of the service grew by {figures['memory grown MB']:.0f} MB"
    )
    return figures
