"""Fault 60: a letter wants a variable that nobody gives."""

from pathlib import Path

import pytest
from motcua.notify.v1 import notify_pb2 as pb
from motcua.notify.v1.message_events_pb2 import MessageQueued

from infra.local.smtp import MailSink
from tests.support.feed import code_of, wait_until
from tests.support.letters import DUE_TEXT
from tests.support.notify_process import Desk, NotifyProcess

pytestmark = pytest.mark.faults
COMMON = {"procedure": "Thủ tục", "unit": "Sở Công Thương", "time_zone": "Asia/Ho_Chi_Minh"}
WANTING = {
    "no-due-date": ("accepted.v1", COMMON),
    "no-unit": ("accepted.v1", {"procedure": "P", "time_zone": "UTC", "due_at": DUE_TEXT}),
    "no-template": ("accepted.v9", {**COMMON, "due_at": DUE_TEXT}),
}


def test_fault_60_missing_variable(notify_desk: Desk, mail_sink: MailSink, tmp_path: Path) -> None:
    """It is quarantined where operators see it, not sent with a hole; whole letters go out."""
    notify_desk.submit(
        code_of(1), imported_from="elsewhere"
    )  # what is told comes from the events below
    for message_id, (template, values) in WANTING.items():
        notify_desk.say(code_of(1), _queued(message_id, template, values))
    notify_desk.say(code_of(1), _queued("whole", "accepted.v1", {**COMMON, "due_at": DUE_TEXT}))
    with NotifyProcess(notify_desk, tmp_path / "n", mail_sink.port) as notify:
        wait_until(lambda: notify.settled(4), what="all settled")
        failed = notify.messages(state=pb.MESSAGE_STATE_FAILED)
        assert {m.message_id for m in failed} == WANTING.keys()
        assert {(m.reason_code, m.attempts) for m in failed} == {("template", 0)}
        assert notify.count_logged("notify.message_failed") == len(WANTING)
    (mail,) = mail_sink.messages()
    assert mail["Message-ID"] == "<whole@motcua.invalid>"


def _queued(message_id: str, template: str, values: dict[str, str]) -> MessageQueued:
    return MessageQueued(
        message_id=message_id,
        kind="accepted",
        channel="email",
        template=template,
        language="vi",
        values=values,
    )
