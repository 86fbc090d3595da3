"""Moves the content of files between callers and the file store, beside the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar

from kernel.base.errors import Conflict, Refused, Unavailable
from kernel.files.object_store import ObjectExists, ObjectStore
from kernel.files.sealed_file import SealedFile
from kernel.files.segments import SEGMENT, Damaged
from kernel.telemetry.logs import RateLimit, get_logger
from services.intake.application.files.inspection import OTHER_CONTENT, Inspection, NotTaken
from services.intake.application.files.uploads import Upload
from services.intake.domain.refusals import TEXTS, refusal

T = TypeVar("T")
THREADS: Final = 4
"""For segments."""
INSPECTIONS: Final = 4
"""At a time; each holds a content in the memory of a process."""
_END: Final = object()
_log = get_logger(__name__)
_faults: Final = RateLimit()


class FileTransfers:
    """Receives and gives out files; memory is that of two segments for each transfer."""

    def __init__(self, store: ObjectStore, inspection: Inspection) -> None:
        self.store = store
        self._inspection = inspection
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="files")
        # Of their own: one that takes long keeps no segment waiting.
        self._inspecting = ThreadPoolExecutor(INSPECTIONS, thread_name_prefix="inspection")

    async def receive(
        self, upload: Upload, secret: bytes, offset: int, chunks: AsyncIterator[bytes]
    ) -> int:
        """Write the chunks of an upload's content from an offset on, and return how much of it is
        there. What is left of a segment is dropped where the chunks end early. All that is there
        is inspected.

        Raise ``NotTaken`` for a content that is not taken, ``Refused`` for an offset at which it
        does not go on, ``Unavailable`` when it can't be inspected at present.
        """
        file = SealedFile(self.store, upload.file_id, secret, upload.size)
        received = await self._run(file.received)
        pending = bytearray()
        async for chunk in chunks:
            if not chunk:
                continue
            if offset != received + len(pending):
                raise Refused(refusal("UPLOAD_OFFSET", received=received + len(pending)))
            offset += len(chunk)
            if offset > upload.size:
                raise NotTaken(OTHER_CONTENT)
            if not pending and len(chunk) == SEGMENT:
                await self._write(file, received, chunk)
                received += SEGMENT
                continue
            pending += chunk
            while len(pending) >= SEGMENT or (pending and offset == upload.size):
                content = bytes(pending[:SEGMENT])
                await self._write(file, received, content)
                del pending[:SEGMENT]
                received += len(content)
        if received == upload.size:
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(self._inspecting, self._inspect, upload, file)
        return received

    async def give_out(
        self, file_id: str, secret: bytes, size: int, offset: int
    ) -> AsyncIterator[bytes]:
        """Yield the content of a file from an offset on; raise ``Unavailable`` when it can't be
        read as it was written.
        """
        pieces = SealedFile(self.store, file_id, secret, size).read(offset)
        while True:
            try:
                piece: Any = await self._run(next, pieces, _END)
            except Damaged as fault:
                if _faults.allow(file_id):
                    _log.error("files.damaged", file=file_id, why=str(fault))
                raise Unavailable(*TEXTS.both("file.damaged"), code="FILE_DAMAGED") from fault
            if piece is _END:
                return
            yield piece

    def close(self) -> None:
        """Stop the threads; blocks until what runs has ended."""
        for threads in (self._threads, self._inspecting):
            threads.shutdown(wait=True, cancel_futures=True)
        self._inspection.close()

    def _inspect(self, upload: Upload, file: SealedFile) -> None:
        file.sync()
        self._inspection.inspect(upload, file.read(0))

    async def _write(self, file: SealedFile, received: int, content: bytes) -> None:
        try:
            await self._run(file.write, received // SEGMENT, content)
        except ObjectExists:
            if await self._run(file.received) > received:
                raise Conflict(*TEXTS.both("upload.busy")) from None
            raise NotTaken(OTHER_CONTENT) from None  # cut off when the machine stopped

    async def _run(self, work: Callable[..., T], *arguments: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)
