"""Fault 96: a mail is to go to an address with marked letters before the @, and the mail server
does not offer SMTPUTF8 (RFC 6531).
"""

from pathlib import Path

import pytest
from motcua.events.v1.common_pb2 import PersonalData
from motcua.notify.v1 import notify_pb2 as pb

from infra.local.ports import free_port
from infra.local.smtp import RECIPIENT_HEADER, MailSink
from tests.support.feed import code_of, wait_until
from tests.support.notify_process import Desk, NotifyProcess

pytestmark = pytest.mark.faults
ADDRESS = "vừ.mỷ@example.vn"


def test_fault_96_address_with_marks(notify_desk: Desk, tmp_path: Path) -> None:
    """The message fails with that reason after one attempt, others go out; resent once the server
    offers it, it arrives.
    """
    port = free_port()
    notify_desk.submit(code_of(1), PersonalData(full_name="Vừ Thị Mỷ", email=ADDRESS))
    notify_desk.submit(code_of(2), PersonalData(full_name="An", email="an@xn--v-d-rma6749a.vn"))
    with NotifyProcess(notify_desk, tmp_path / "n", port) as notify:
        with MailSink(tmp_path / "old", port, smtputf8=False) as sink:
            wait_until(lambda: notify.settled(2), what="both settled")
            failed = next(m for m in notify.messages() if m.dossier_code == code_of(1))
            assert failed.state == pb.MESSAGE_STATE_FAILED
            assert (failed.attempts, failed.code, failed.reason_code) == (1, 0, "no_smtputf8")
            recipients = [mail[RECIPIENT_HEADER] for mail in sink.messages()]
            assert recipients == ["an@xn--v-d-rma6749a.vn"]
        with MailSink(tmp_path / "new", port) as sink:
            notify.resend(failed.message_id)
            wait_until(lambda: notify.settled(3), what="resent")
            (path,) = sink.folder.glob("*.eml")
            assert f"{RECIPIENT_HEADER}: {ADDRESS}\r\n".encode() in path.read_bytes()
