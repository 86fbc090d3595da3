"""Reads: messages by page, one message, and the numbers of messages."""

from __future__ import annotations

from typing import Any

from motcua.notify.v1 import notify_pb2 as pb
from sqlalchemy import Connection, Row, Select, case, func, select, tuple_

from kernel.base import page_token
from kernel.base.instants import to_timestamp
from services.notify.domain.refusals import PAGE_TOKEN_WRONG, no_such_message
from services.notify.tables import DELIVERIES, MESSAGES

PAGE = 50


def messages(connection: Connection, request: pb.ListMessagesRequest) -> pb.ListMessagesResponse:
    """Return one page, newest first; raise ``Invalid`` for an unknown page token."""
    size = request.page_size or PAGE
    wanted = _messages().order_by(MESSAGES.c.queued_at.desc(), MESSAGES.c.message_id.desc())
    if request.dossier_code:
        wanted = wanted.where(MESSAGES.c.dossier_code == request.dossier_code)
    if request.state:
        wanted = wanted.where(MESSAGES.c.state == request.state)
    if request.page_token:
        after = page_token.place(request.page_token, PAGE_TOKEN_WRONG, int, str)
        place = tuple_(MESSAGES.c.queued_at, MESSAGES.c.message_id)
        wanted = wanted.where(place < tuple_(*after))
    rows = connection.execute(wanted.limit(size + 1)).all()
    page = rows[:size]
    last = page[-1] if len(rows) > size else None
    token = page_token.pack(last.queued_at, last.message_id) if last else ""
    return pb.ListMessagesResponse(messages=[_message(row) for row in page], next_page_token=token)


def message(connection: Connection, message_id: str) -> pb.GetMessageResponse:
    """Return one message; raise ``NotFound``."""
    row = connection.execute(_messages().where(MESSAGES.c.message_id == message_id)).first()
    if row is None:
        raise no_such_message()
    next_attempt_at = to_timestamp(row.execute_after)
    return pb.GetMessageResponse(message=_message(row), next_attempt_at=next_attempt_at)


def counts(connection: Connection) -> pb.CountMessagesResponse:
    """Count messages by kind and state."""
    maybe = MESSAGES.c.maybe_sent + func.coalesce(DELIVERIES.c.maybe_sent, 0)
    wanted = (
        select(
            MESSAGES.c.kind,
            MESSAGES.c.state,
            func.count(),
            func.sum(case((maybe > 0, 1), else_=0)),
        )
        .join_from(
            MESSAGES, DELIVERIES, DELIVERIES.c.message_id == MESSAGES.c.message_id, isouter=True
        )
        .group_by(MESSAGES.c.kind, MESSAGES.c.state)
        .order_by(MESSAGES.c.kind, MESSAGES.c.state)
    )
    return pb.CountMessagesResponse(
        counts=[
            pb.MessageCount(kind=kind, state=state, count=count, maybe_sent=int(twice))
            for kind, state, count, twice in connection.execute(wanted)
        ]
    )


def _messages() -> Select[Any]:
    """Select messages, with the counts of their attempts while they are under way."""
    row = DELIVERIES.c
    return select(
        MESSAGES,
        row.execute_after,
        row.attempt,
        row.maybe_sent.label("maybe_so_far"),
        row.last_code,
    ).join_from(MESSAGES, DELIVERIES, row.message_id == MESSAGES.c.message_id, isouter=True)


def _message(row: Row[Any]) -> pb.Message:
    return pb.Message(
        message_id=row.message_id,
        dossier_code=row.dossier_code,
        kind=row.kind,
        channel=row.channel,
        language=row.language,
        state=row.state,
        queued_at=to_timestamp(row.queued_at),
        attempts=row.attempts + (row.attempt or 0),
        code=row.code or row.last_code or 0,
        reason_code=row.reason_code,
        maybe_sent=row.maybe_sent + (row.maybe_so_far or 0),
        replaces=row.replaces,
        officer=row.officer,
        settled_at=to_timestamp(row.settled_at),
    )
