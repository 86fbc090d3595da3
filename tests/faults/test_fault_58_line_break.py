"""Fault 58: a line break in a name or subject, or an encoded word that holds one, would smuggle
headers into a mail.
"""

from pathlib import Path

import pytest
from motcua.events.v1.common_pb2 import PersonalData
from motcua.notify.v1 import notify_pb2 as pb

from infra.local.smtp import RECIPIENT_HEADER, MailSink
from tests.support.feed import code_of, wait_until
from tests.support.heads import write_directory
from tests.support.letters import TU, escalated_to
from tests.support.mails import ENCODED_NAMES, HEADERS, decoded, headers_of
from tests.support.notify_process import Desk, NotifyProcess

pytestmark = pytest.mark.faults
SMUGGLED = "\r\nBcc: all@example.vn\r\n\r\nBuy now"


def test_fault_58_line_break(notify_desk: Desk, mail_sink: MailSink, tmp_path: Path) -> None:
    """What would break a line is quarantined where operators see it and never becomes a mail: a
    name and an address as a failed message, a code, which subjects hold, as no code at all.
    Others go on.
    """
    broken_code = f"{code_of(2)}\nBcc: all@example.vn"
    notify_desk.submit(code_of(1), PersonalData(full_name=f"Mỷ{SMUGGLED}", email="my@example.vn"))
    notify_desk.submit(broken_code)
    notify_desk.submit(code_of(3), PersonalData(full_name="Mỷ", email=f"my@example.vn{SMUGGLED}"))
    notify_desk.submit(code_of(4))
    with NotifyProcess(notify_desk, tmp_path / "n", mail_sink.port) as notify:
        wait_until(lambda: notify.settled(3), what="all settled")
        failed = notify.messages(state=pb.MESSAGE_STATE_FAILED)
        assert {(m.dossier_code, m.reason_code, m.attempts) for m in failed} == {
            (code_of(1), "invalid_header", 0),
            (code_of(3), "invalid_address", 0),
        }
        (quarantined,) = notify.quarantined()
        assert quarantined.reason == "undecodable"
    (mail,) = mail_sink.messages()
    assert mail.get_all(RECIPIENT_HEADER) == ["my@example.vn"]
    assert code_of(4) in mail["Subject"]


def test_fault_58_encoded_words(notify_desk: Desk, mail_sink: MailSink, tmp_path: Path) -> None:
    """A name that is written as an encoded word is the name: an applicant's, an officer's and the
    sender's. The server gets the office's headers and no others.
    """
    hidden = ENCODED_NAMES["header"]
    settings = {
        "PEOPLE_DIRECTORY": write_directory(tmp_path / "p", {TU: "tu@hg.example"}, {TU: hidden}),
        "NOTIFY_SENDER": f"{hidden} <mc@hg.example>",
    }
    for number, name in enumerate(ENCODED_NAMES.values(), 1):
        notify_desk.submit(code_of(number), PersonalData(full_name=name, email="my@example.vn"))
    notify_desk.say(code_of(1), escalated_to(TU))
    with NotifyProcess(notify_desk, tmp_path / "n", mail_sink.port, **settings) as notify:
        wait_until(lambda: notify.settled(len(ENCODED_NAMES) + 1), what="all settled")
        assert {m.state for m in notify.messages()} == {pb.MESSAGE_STATE_SENT}
    arrived = [headers_of(path.read_bytes()) for path in mail_sink.folder.glob("*.eml")]
    assert {tuple(headers) for headers in arrived} == {(RECIPIENT_HEADER, *HEADERS)}
    assert {decoded(headers["From"]) for headers in arrived} == {f"{hidden} <mc@hg.example>"}
    assert sorted(decoded(headers["To"]) for headers in arrived) == sorted(
        [f"{hidden} <tu@hg.example>", *(f"{n} <my@example.vn>" for n in ENCODED_NAMES.values())]
    )
