"""Fault 57: the mail server refuses for now, for good, or vanishes after it took the mail."""

import time
from pathlib import Path

import pytest
from motcua.events.v1.common_pb2 import PersonalData
from motcua.notify.v1 import notify_pb2 as pb

from infra.local.smtp import RECIPIENT_HEADER, MailSink
from tests.support.feed import code_of, wait_until
from tests.support.notify_process import Desk, NotifyProcess

pytestmark = pytest.mark.faults
SENT, FAILED = pb.MESSAGE_STATE_SENT, pb.MESSAGE_STATE_FAILED
ADDRESSES = {
    code_of(1): "451x2-an@example.vn",
    code_of(2): "451-binh@example.vn",
    code_of(3): "550-chi@example.vn",
    code_of(4): "drop-dung@example.vn",
    code_of(5): "em@example.vn",
}


def test_fault_57_mail_refused(notify_desk: Desk, mail_sink: MailSink, tmp_path: Path) -> None:
    """451 is tried again by the timetable, 550 is final and shown, a lost answer is counted."""
    for code, address in ADDRESSES.items():
        notify_desk.submit(code, PersonalData(full_name="Vừ Thị Mỷ", email=address))
    with NotifyProcess(notify_desk, tmp_path / "n", mail_sink.port, retry="0.4,0.4,0.4") as notify:
        wait_until(lambda: notify.settled(len(ADDRESSES)), what="all settled")
        found = {m.dossier_code: m for m in notify.messages()}
        assert {code: _facts(m) for code, m in found.items()} == {
            code_of(1): (SENT, 3, 250, "", 0),
            code_of(2): (FAILED, 4, 451, "expired", 0),
            code_of(3): (FAILED, 1, 550, "refused", 0),
            code_of(4): (FAILED, 4, 0, "expired", 4),
            code_of(5): (SENT, 1, 250, "", 0),
        }
        assert notify.counts()[("submitted", FAILED)] == (3, 1)
        assert {m.dossier_code for m in notify.messages(state=FAILED)} == {
            code_of(2),
            code_of(3),
            code_of(4),
        }
        assert notify.count_logged("notify.message_failed") == 3
    mails = mail_sink.messages()
    dropped = [m for m in mails if m[RECIPIENT_HEADER] == ADDRESSES[code_of(4)]]
    assert len(mails) == 2 + 4
    assert len(dropped) == 4
    assert {m["Message-ID"] for m in dropped} == {
        f"<{found[code_of(4)].message_id}@motcua.invalid>"
    }
    assert len({m.as_bytes() for m in dropped}) == 1


def test_fault_57_while_it_waits(notify_desk: Desk, mail_sink: MailSink, tmp_path: Path) -> None:
    """Between two attempts an operator sees when the next is due, and what is known so far."""
    notify_desk.submit(code_of(1), PersonalData(full_name="A", email="drop-an@example.vn"))
    with NotifyProcess(notify_desk, tmp_path / "n", mail_sink.port, retry="600") as notify:
        wait_until(lambda: [m.maybe_sent for m in notify.messages()] == [1], what="one lost answer")
        (message,) = notify.messages()
        shown = notify.get(message.message_id)
        assert _facts(shown.message) == (pb.MESSAGE_STATE_QUEUED, 1, 0, "", 1)
        assert 500 < shown.next_attempt_at.seconds - time.time() <= 600
        assert notify.counts()[("submitted", pb.MESSAGE_STATE_QUEUED)] == (1, 1)
    assert len(mail_sink.messages()) == 1


def _facts(message: pb.Message) -> tuple[int, int, int, str, int]:
    return (
        message.state,
        message.attempts,
        message.code,
        message.reason_code,
        message.maybe_sent,
    )
