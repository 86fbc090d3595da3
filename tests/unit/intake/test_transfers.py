"""Transfers of files beside each other."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

from kernel.files.folder_store import FolderStore
from services.intake.application.files.inspection import Inspection
from services.intake.application.files.transfers import INSPECTIONS, FileTransfers
from services.intake.application.files.uploads import Upload

CONTENT, SECRET = b"content", bytes(32)


class Held(Inspection):
    """Inspects nothing until it is released."""

    def __init__(self) -> None:
        super().__init__(len(CONTENT))
        self.begun = threading.Semaphore(0)
        self.released = threading.Event()

    def inspect(self, upload: Upload, pieces: Iterable[bytes]) -> None:
        """Wait."""
        self.begun.release()
        assert self.released.wait(60)


def _upload(number: int) -> Upload:
    sha256 = hashlib.sha256(CONTENT).hexdigest()
    named = f"{number:032x}"
    return Upload(named, "", "", "", sha256, len(CONTENT), "", named, b"", "receiving", 0)


async def _chunks() -> AsyncIterator[bytes]:
    yield CONTENT


def test_inspections_that_take_long_keep_no_transfer_waiting(tmp_path: Path) -> None:
    """While as many are inspected as may be, further content is written, and files are read."""
    held = Held()
    transfers = FileTransfers(FolderStore(tmp_path), held)

    async def play() -> None:
        first = [
            asyncio.create_task(transfers.receive(_upload(n), SECRET, 0, _chunks()))
            for n in range(INSPECTIONS)
        ]
        for _ in first:
            assert await asyncio.to_thread(held.begun.acquire, timeout=60)
        last = asyncio.create_task(transfers.receive(_upload(INSPECTIONS), SECRET, 0, _chunks()))
        written = _upload(INSPECTIONS).file_id
        async with asyncio.timeout(60):
            while not transfers.store.sizes(written):
                await asyncio.sleep(0.01)
            pieces = transfers.give_out(_upload(0).file_id, SECRET, len(CONTENT), 0)
            assert b"".join([piece async for piece in pieces]) == CONTENT
        held.released.set()
        assert await asyncio.gather(*first, last) == [len(CONTENT)] * (INSPECTIONS + 1)

    try:
        asyncio.run(play())
    finally:
        held.released.set()
        transfers.close()
