"""Uploads in the writer: begun, given to a dossier, or discarded.

Until a dossier has the file, its key is sealed by a key of the upload's own. Then it stands in the
dossier's event, sealed by the dossier's key, and the upload's key is destroyed.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final, NoReturn

import uuid_utils
from motcua.events.v1.common_pb2 import Actor, SealedData
from motcua.events.v1.event_pb2 import Event
from motcua.intake.v1.dossier_events_pb2 import FileStored
from motcua.intake.v1.event_parts_pb2 import FileKey
from motcua.intake.v1.files_pb2 import UploadHead
from motcua.intake.v1.intake_pb2 import SubmittedPart
from sqlalchemy import Select

from kernel.auth.identity import is_known
from kernel.base.errors import Forbidden, Refused
from kernel.crypto.keyring import Keyring
from kernel.eventsourcing.command_context import Call
from kernel.eventsourcing.unit_of_work import UnitOfWork
from kernel.files.segments import KEY_BYTES
from services.intake.domain.file_rules import (
    Amount,
    FileLimits,
    UploadState,
    may_add,
    may_begin,
    room_for,
)
from services.intake.domain.refusals import TEXTS, refusal, unknown_dossier
from services.intake.domain.state import Phase, State
from services.intake.queries import files
from services.intake.tables import FILES, UPLOADS

FILE_KEY: Final = "file_key"
"""The field under which the key of a file is sealed."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A row of the table of uploads."""

    request_id: str
    caller: str
    dossier_code: str
    part: str
    sha256: str
    size: int
    media_type: str
    file_id: str
    key: bytes
    state: str
    since: int

    @property
    def key_stream(self) -> str:
        """The stream of the upload's own key in the keyring."""
        return f"upload/{self.file_id}"

    def secret(self, keyring: Keyring) -> bytes:
        """Return the key of the file; raise ``Refused`` once the upload has ended."""
        return opened(keyring, self.key_stream, self.key) or _ended()


def opened(keyring: Keyring, stream_id: str, sealed: bytes) -> bytes:
    """Return the key of a file that a key of a stream has sealed; empty once that is destroyed."""
    key = FileKey()
    keyring.open(stream_id, FILE_KEY, SealedData.FromString(sealed), key)
    return key.secret


def caller_of(actor: Actor) -> str:
    """Return whose an upload is; raise ``Forbidden`` for whoever did not sign in."""
    if not is_known(actor):
        raise Forbidden(*TEXTS.both("upload.sign_in"), code="SIGN_IN")
    return f"{actor.kind}:{actor.id}"


@dataclass(frozen=True)
class Uploads:
    """Decides on uploads; each method runs in the writer."""

    limits: FileLimits = field(default_factory=FileLimits)

    def begin(self, uow: UnitOfWork, head: UploadHead, actor: Actor) -> Upload | None:
        """Return the upload, which is begun or continued; None where the file is there already.

        Raise ``Refused``.
        """
        if head.dossier_code:
            caller = f"{actor.kind}:{actor.id}"
            if uow.get(FILES, head.dossier_code, head.sha256) is not None:
                return None
        else:
            caller = caller_of(actor)
            if uow.query(files.stored_upload(caller, head.sha256)).first() is not None:
                return None
        request_id = head.request_id.lower()
        row = uow.get(UPLOADS, request_id)
        if row is not None:
            return _continued(Upload(**row), head, caller)
        if head.dossier_code:
            self._require_room(uow, head.dossier_code, head.size)
        waiting = _amount(uow, files.amount_of_uploads(caller))
        if no := may_begin(head.size, waiting, self.limits):
            raise Refused(no)
        upload = Upload(
            request_id,
            caller,
            head.dossier_code,
            head.part,
            head.sha256,
            head.size,
            head.media_type,
            uuid_utils.uuid7().hex,
            b"",
            UploadState.RECEIVING,
            now(),
        )
        key = uow.new_key(upload.key_stream).seal(FILE_KEY, FileKey(secret=os.urandom(KEY_BYTES)))
        upload = replace(upload, key=key.SerializeToString())
        uow.put(UPLOADS, asdict(upload))
        return upload

    def add(self, uow: UnitOfWork, head: UploadHead, call: Call) -> list[Event]:
        """Add a file that is whole to the dossier for which it was handed in."""
        code = head.dossier_code
        if uow.get(FILES, code, head.sha256) is not None:
            return []
        self._require_room(uow, code, head.size)
        row = uow.get(UPLOADS, head.request_id.lower())
        if row is None or row["state"] != UploadState.RECEIVING:
            _ended()
        event = _given_to(uow, Upload(**row), code, head.part)
        return uow.append_call(code, [event], call)

    def claim(
        self, uow: UnitOfWork, code: str, parts: Iterable[SubmittedPart], actor: Actor
    ) -> list[FileStored]:
        """Return the events that give a dossier the caller's files that its parts name, without
        those that it has; raise ``Refused`` for too many.
        """
        if not is_known(actor):
            return []
        events: dict[str, FileStored] = {}
        before = _amount(uow, files.amount_of_files(code))
        for part in parts:
            if not part.sha256 or part.sha256 in events or uow.get(FILES, code, part.sha256):
                continue
            found = uow.query(files.stored_upload(caller_of(actor), part.sha256)).first()
            if found is None:
                continue
            row = uow.get(UPLOADS, found.request_id)
            if row is None or row["state"] != UploadState.STORED:
                continue  # another dossier of this transaction has it
            if no := room_for(row["size"], before, self.limits):
                raise Refused(no)
            before = Amount(before.files + 1, before.size + row["size"])
            events[part.sha256] = _given_to(uow, Upload(**row), code, part.code)
        return list(events.values())

    def _require_room(self, uow: UnitOfWork, code: str, size: int) -> None:
        state: State = uow.state(code)
        if state.phase is Phase.ABSENT:
            raise unknown_dossier()
        before = _amount(uow, files.amount_of_files(code))
        if no := may_add(state, size, before, self.limits):
            raise Refused(no)


def store(uow: UnitOfWork, request_id: str) -> None:
    """Note that an upload is whole; raise ``Refused`` when it has ended."""
    row = uow.get(UPLOADS, request_id)
    if row is None or row["state"] not in (UploadState.RECEIVING, UploadState.STORED):
        _ended()
    uow.put(UPLOADS, {**row, "state": UploadState.STORED.value})


def discard(uow: UnitOfWork, request_id: str) -> bool:
    """End an upload that no dossier has, so that none can get it; return whether none has."""
    row = uow.get(UPLOADS, request_id)
    if row is None or row["state"] == UploadState.CLAIMED:
        return False
    if uow.query(files.is_in_a_dossier(row["file_id"])).first() is not None:
        uow.put(UPLOADS, {**row, "state": UploadState.CLAIMED.value})
        return False
    if row["state"] != UploadState.DISCARDED:
        uow.put(UPLOADS, {**row, "state": UploadState.DISCARDED.value})
    return True


def forget(uow: UnitOfWork, request_id: str) -> None:
    """Remove the row of an upload that has ended."""
    uow.delete(UPLOADS, request_id)


def now() -> int:
    """Return real time: how long an upload is kept does not depend on the office's clock."""
    return time.time_ns() // 1000


def _amount(uow: UnitOfWork, selected: Select[Any]) -> Amount:
    number, size = list(uow.query(selected).one())
    return Amount(number, int(size))  # PostgreSQL's sum is a Decimal


def _continued(upload: Upload, head: UploadHead, caller: str) -> Upload:
    same = (caller, head.dossier_code, head.part, head.sha256, head.size, head.media_type)
    mine = (
        *(upload.caller, upload.dossier_code, upload.part),
        *(upload.sha256, upload.size, upload.media_type),
    )
    if mine != same:
        raise Refused(refusal("UPLOAD_OTHER"))
    if upload.state not in (UploadState.RECEIVING, UploadState.STORED):
        _ended()
    return upload


def _given_to(uow: UnitOfWork, upload: Upload, code: str, part: str) -> FileStored:
    assert uow.keyring is not None
    secret = upload.secret(uow.keyring)
    uow.put(UPLOADS, {**asdict(upload), "state": UploadState.CLAIMED.value})
    return FileStored(
        part=part,
        sha256=upload.sha256,
        size=upload.size,
        media_type=upload.media_type,
        file_id=upload.file_id,
        key=uow.new_key(code).seal(FILE_KEY, FileKey(secret=secret)),
    )


def _ended() -> NoReturn:
    raise Refused(refusal("UPLOAD_ENDED"))
