"""Fault 61: the mail server is down for longer than any one attempt."""

from pathlib import Path

import pytest
from motcua.notify.v1 import notify_pb2 as pb

from infra.local.ports import free_port
from infra.local.smtp import MailSink
from tests.support import letters
from tests.support.feed import code_of, wait_until
from tests.support.notify_process import Desk, NotifyProcess

pytestmark = pytest.mark.faults
DOSSIERS = 10


def test_fault_61_provider_down(notify_desk: Desk, tmp_path: Path) -> None:
    """What could not be sent waits, no attempt counted, and goes out once the server is back."""
    port = free_port()
    notify = NotifyProcess(notify_desk, tmp_path / "n", port, retry="0.1")
    with notify:
        for number in range(DOSSIERS):
            notify_desk.submit(code_of(number))
            notify_desk.say(code_of(number), letters.ACCEPTED)
        wait_until(lambda: len(notify.messages()) == 2 * DOSSIERS, what="planned")
        wait_until(lambda: notify.count_logged("notify.server_away") >= 2, what="noticed")
        assert {(m.state, m.attempts) for m in notify.messages()} == {(pb.MESSAGE_STATE_QUEUED, 0)}
        notify.kill()
        notify.start()
        with MailSink(tmp_path / "mail", port) as sink:
            wait_until(lambda: notify.settled(2 * DOSSIERS), what="sent")
            found = notify.messages()
            assert {(m.state, m.attempts, m.maybe_sent) for m in found} == {
                (pb.MESSAGE_STATE_SENT, 1, 0)
            }
            assert notify.stop() == 0
            assert len(sink.messages()) == 2 * DOSSIERS
    assert len({mail["Message-ID"] for mail in sink.messages()}) == 2 * DOSSIERS
