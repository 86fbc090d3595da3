"""Removes uploads that have ended: the keys of those that a dossier has, and the content of those
that none has named for a day.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Final

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from kernel.base.errors import Failure
from kernel.crypto.keyring import Keyring
from kernel.eventsourcing.group_commit import Writer
from kernel.files.object_store import ObjectStore
from kernel.telemetry.logs import fault, get_logger
from services.intake.application.files import uploads
from services.intake.application.files.uploads import Upload
from services.intake.domain.file_rules import UploadState
from services.intake.queries.files import ended_uploads

KEPT: Final = 24 * 3600 * 1_000_000
"""Microseconds for which an upload waits for a dossier."""
INTERVAL: Final = 60.0
AT_ONCE: Final = 100
_log = get_logger(__name__)


class UploadSweep:
    """Sweeps at intervals, in a thread of its own; several processes may."""

    def __init__(
        self,
        engine: Engine,
        writer: Writer,
        keyring: Keyring,
        store: ObjectStore,
        may_run: Callable[[], bool],
    ) -> None:
        """``may_run`` says whether the tables know every dossier's files."""
        self._engine = engine
        self._writer = writer
        self._keyring = keyring
        self._store = store
        self._may_run = may_run
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="upload-sweep", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread; blocks until the upload at hand is done with."""
        self._stopping.set()
        self._thread.join()

    def sweep(self, now: int) -> int:
        """Remove what has ended by an instant of real time, and return how many uploads that were.

        Raise ``Failure`` when the store or the database does not answer; the rest is for later.
        """
        with self._engine.connect() as connection:
            found = connection.execute(ended_uploads(now - KEPT, AT_ONCE)).all()
        for number, row in enumerate(found):
            if self._stopping.is_set():
                return number
            self._remove(Upload(**row._mapping))
        return len(found)

    def _remove(self, upload: Upload) -> None:
        if upload.state != UploadState.CLAIMED:
            discard = partial(uploads.discard, request_id=upload.request_id)
            if not self._writer.submit(discard).result():
                return  # a dossier has it by now: its key is removed next time
            self._store.delete(upload.file_id)
        self._keyring.destroy(upload.key_stream)
        self._writer.submit(partial(uploads.forget, request_id=upload.request_id)).result()

    def _run(self) -> None:
        while not self._stopping.wait(INTERVAL):
            try:
                while self._may_run() and self.sweep(uploads.now()):
                    pass
            except (Failure, SQLAlchemyError) as error:
                _log.warning("files.sweep_waits", **fault(error))
