"""Reads of the files of dossiers, and of uploads. Nothing here opens a key."""

from __future__ import annotations

from typing import Any

from motcua.intake.v1.files_pb2 import FileInfo
from sqlalchemy import Connection, Row, Select, func, or_, select

from kernel.base.instants import to_timestamp
from services.intake.domain.file_rules import UploadState
from services.intake.tables import FILES, UPLOADS


def files_of(connection: Connection, code: str) -> list[FileInfo]:
    """List the files of a dossier, the oldest first."""
    mine = select(FILES).where(FILES.c.dossier_code == code).order_by(FILES.c.sequence)
    return [info(row) for row in connection.execute(mine)]


def file_row(connection: Connection, code: str, sha256: str) -> Row[Any] | None:
    """Read one file of a dossier."""
    wanted = select(FILES).where(FILES.c.dossier_code == code, FILES.c.sha256 == sha256)
    return connection.execute(wanted).first()


def info(row: Row[Any]) -> FileInfo:
    """Describe a file."""
    return FileInfo(
        part=row.part,
        sha256=row.sha256,
        size=row.size,
        media_type=row.media_type,
        stored_at=to_timestamp(row.stored_at),
    )


def amount_of_files(code: str) -> Select[Any]:
    """Select the number and the bytes of a dossier's files."""
    mine = FILES.c.dossier_code == code
    return select(func.count(), func.coalesce(func.sum(FILES.c.size), 0)).where(mine)


def amount_of_uploads(caller: str) -> Select[Any]:
    """Select the number and the bytes of a caller's uploads that belong to no dossier yet."""
    states = (UploadState.RECEIVING, UploadState.STORED)
    mine = (UPLOADS.c.caller == caller) & UPLOADS.c.state.in_(states)
    return select(func.count(), func.coalesce(func.sum(UPLOADS.c.size), 0)).where(mine)


def stored_upload(caller: str, sha256: str) -> Select[Any]:
    """Select a caller's upload of a content that waits for a dossier."""
    return (
        select(UPLOADS.c.request_id)
        .where(UPLOADS.c.caller == caller, UPLOADS.c.sha256 == sha256)
        .where(UPLOADS.c.dossier_code == "", UPLOADS.c.state == UploadState.STORED)
        .limit(1)
    )


def ended_uploads(before: int, limit: int) -> Select[Any]:
    """Select uploads that are to be removed: those that have ended, and those that nothing has
    named since an instant.
    """
    ended = UPLOADS.c.state.in_((UploadState.CLAIMED, UploadState.DISCARDED))
    return select(UPLOADS).where(or_(ended, UPLOADS.c.since < before)).limit(limit)


def is_in_a_dossier(file_id: str) -> Select[Any]:
    """Select a dossier that has a file of the store."""
    return select(FILES.c.dossier_code).where(FILES.c.file_id == file_id).limit(1)
