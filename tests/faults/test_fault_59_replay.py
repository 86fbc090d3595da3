"""Fault 59: the whole log is read again."""

from functools import partial
from pathlib import Path

import pytest
from motcua.events.v1.common_pb2 import PersonalData
from motcua.notify.v1 import notify_pb2 as pb
from sqlalchemy import select

from infra.local.smtp import MailSink
from kernel.rebuild.check import check
from kernel.rebuild.rebuild import rebuild
from kernel.storage.engines import open_engine
from tests.support import letters
from tests.support.feed import code_of, log_of, wait_until
from tests.support.heads import ADDRESSES, write_directory
from tests.support.models import NOTIFY as MODEL
from tests.support.notify_process import Desk, NotifyProcess, Tripwire

pytestmark = pytest.mark.faults
DOSSIERS = 40
LIFE = [
    letters.ACCEPTED,
    letters.ESCALATED,
    letters.GRANTED,
    *(letters.POSTED, letters.POSTED),
    letters.DELIVERED,
]


NEW = (code_of(DOSSIERS), code_of(DOSSIERS + 1))


def test_fault_59_replay(notify_desk: Desk, mail_sink: MailSink, tmp_path: Path) -> None:
    """A service without a database makes the same one from the log, and sends not one mail."""
    for number in range(DOSSIERS):
        address = "550-my@example.vn" if number % 10 == 1 else "my@example.vn"
        person = PersonalData(full_name="Vừ Thị Mỷ", email=address)
        source = "receipt" if number % 10 == 3 else ""
        notify_desk.submit(code_of(number), person, consent=number % 10 != 2, imported_from=source)
        notify_desk.say(code_of(number), *LIFE)
    count = (
        DOSSIERS // 10 * (8 * 5 + 1)
    )  # of ten: eight told five times, one suppressed, one silent
    count += DOSSIERS * len(ADDRESSES)  # and of each two officers
    people = {"PEOPLE_DIRECTORY": write_directory(tmp_path / "people", ADDRESSES)}
    first = NotifyProcess(notify_desk, tmp_path / "first", mail_sink.port, retry="1", **people)
    with first as notify:
        wait_until(lambda: sum(n for n, _ in notify.counts().values()) == count, 60, "all planned")
        wait_until(lambda: not _under_way(notify), 60, "all settled")
        wait_until(lambda: _published(notify_desk, count), 30, "all published")
        notify.stop()
    before = _views(notify.database_url)
    assert _equal_to_the_log(notify_desk, notify.database_url)
    rebuilt = f"sqlite:///{tmp_path / 'rebuilt.sqlite3'}"
    assert rebuild(MODEL, notify_desk.bootstrap, notify_desk.topic, rebuilt).quarantined == 0
    nothing = f"sqlite:///{tmp_path / 'nothing.sqlite3'}"
    for code, url in ((NEW[0], nothing), (NEW[1], rebuilt)):
        with Tripwire() as wire:
            folder = tmp_path / code
            again = NotifyProcess(notify_desk, folder, wire.port, database_url=url, **people)
            with again:
                notify_desk.say(code, letters.submitted(None, language="en"))
                wait_until(partial(again.has_messages, code), what="told of what is new")
            assert wire.touched == 0
        assert _views(url) == before
    assert len(mail_sink.messages()) == count - DOSSIERS // 10 * (5 + 1)


def _under_way(notify: NotifyProcess) -> bool:
    return any(state == pb.MESSAGE_STATE_QUEUED for _, state in notify.counts())


def _published(notify_desk: Desk, count: int) -> bool:
    suppressed = DOSSIERS // 10
    own = [e for e in log_of(notify_desk.bootstrap, notify_desk.topic) if e.source == "notify"]
    return len(own) == 2 * (count - suppressed) + suppressed


def _equal_to_the_log(notify_desk: Desk, url: str) -> bool:
    engine = open_engine(url, "notify", read_only=True)
    try:
        return check(MODEL, engine, notify_desk.bootstrap, notify_desk.topic).equal
    finally:
        engine.dispose()


def _views(url: str) -> dict[str, list[tuple[object, ...]]]:
    """Return every row of every view but those of the new dossiers."""
    engine = open_engine(url, "notify", read_only=True)
    with engine.connect() as connection:
        views = {
            table.name: [
                tuple(row)
                for row in connection.execute(select(table).order_by(*table.primary_key))
                if not set(NEW) & set(row)
            ]
            for table in MODEL.view_tables()
        }
    engine.dispose()
    return views
