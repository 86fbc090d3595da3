"""The real notify service on a real broker and a real mail server."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import grpc
import pytest
from kafka import KafkaConsumer, TopicPartition
from motcua.events.v1.common_pb2 import PersonalData
from motcua.notify.v1 import notify_pb2 as pb

from infra.local.ports import free_port
from infra.local.smtp import RECIPIENT_HEADER, MailSink
from kernel.rpc.client import explain
from tests.support import letters
from tests.support.deadly_mail import DeadlyHandler
from tests.support.events import name_of
from tests.support.feed import code_of, log_of, put, wait_until
from tests.support.notify_process import Desk, NotifyProcess, sink_with

SENT, FAILED, SUPPRESSED = (
    pb.MESSAGE_STATE_SENT,
    pb.MESSAGE_STATE_FAILED,
    pb.MESSAGE_STATE_SUPPRESSED,
)
WEEK = [
    letters.ACCEPTED,
    letters.SUPPLEMENT,
    letters.RESUMED,
    letters.STEP_LATE,
    letters.LATE,
    letters.GRANTED,
    letters.POSTED,
    letters.ON_ITS_WAY,
    letters.POSTED,
    letters.DELIVERED,
    letters.RETURNED_BY_POST,
]
KINDS_SENT = [
    "submitted",
    "accepted",
    "supplement_requested",
    "resumed",
    "late",
    "resolved",
    "posted",
    "delivered",
]


def test_a_dossier_becomes_mails(
    notify_desk: Desk, mail_sink: MailSink, tmp_path: Path, new_database: object
) -> None:
    """Each event that matters becomes one mail, in order; repeated records change nothing."""
    url = new_database("notify")  # type: ignore[operator]
    first = notify_desk.submit(code_of(1))
    with NotifyProcess(notify_desk, tmp_path / "n", mail_sink.port, database_url=url) as notify:
        rest = notify_desk.say(code_of(1), *WEEK)
        wait_until(lambda: notify.settled(len(KINDS_SENT)), what="all told")
        put(notify_desk.bootstrap, notify_desk.topic, [first, *rest])
        notify_desk.say(code_of(1), letters.RETURNED_ONLINE)
        wait_until(lambda: notify.settled(len(KINDS_SENT) + 1), what="one more")
        found = notify.messages()
        assert [message.kind for message in found] == [*KINDS_SENT, "returned"]
        assert {(m.state, m.attempts, m.code, m.maybe_sent) for m in found} == {(SENT, 1, 250, 0)}
        assert notify.stop() == 0
    mails = mail_sink.messages()
    assert [mail["Message-ID"] for mail in mails] == [
        f"<{message.message_id}@motcua.invalid>" for message in found
    ]
    assert {mail[RECIPIENT_HEADER] for mail in mails} == {"my@example.vn"}
    assert all("Vừ Thị Mỷ" in mail.get_content() for mail in mails)
    assert all("Sở Công Thương" in mail.get_content() for mail in mails)
    own = [e for e in log_of(notify_desk.bootstrap, notify_desk.topic) if e.source == "notify"]
    queued = {e.event_id: e for e in own if name_of(e) == "MessageQueued"}
    ended = [e for e in own if name_of(e) == "MessageSent"]
    assert {e.causation_id for e in ended} == queued.keys()
    assert {e.correlation_id for e in own} == {f"correlation-{code_of(1)}"}


def test_english(notify_desk: Desk, mail_sink: MailSink, tmp_path: Path) -> None:
    """A citizen who chose English gets English letters, from the sender that the settings name."""
    notify_desk.submit(code_of(1), language="en")
    sender = {"NOTIFY_SENDER": "Hà Giang One-Stop <mc@hagiang.example>"}
    with NotifyProcess(notify_desk, tmp_path / "n", mail_sink.port, **sender) as notify:
        wait_until(lambda: notify.settled(1))
    (mail,) = mail_sink.messages()
    assert mail["Subject"] == f"Dossier {code_of(1)} received"
    assert "“Licence to sell spirits by retail”" in mail.get_content()
    assert "Department of Industry and Trade" in mail.get_content()
    assert mail["From"] == "Hà Giang One-Stop <mc@hagiang.example>"
    assert mail["Message-ID"].endswith("@hagiang.example>")


def test_who_is_not_told(notify_desk: Desk, mail_sink: MailSink, tmp_path: Path) -> None:
    """Without consent nothing is sent, which is said once; imported dossiers and
    children of others leave no trace.
    """
    notify_desk.submit(code_of(1), consent=False)
    notify_desk.submit(code_of(2), imported_from="receipt")
    notify_desk.say(code_of(3), letters.submitted(None))
    notify_desk.say(code_of(5), letters.submitted(None, parent_code=code_of(1)))
    for number in (1, 2, 3, 5):
        notify_desk.say(code_of(number), letters.ACCEPTED, letters.GRANTED)
    with NotifyProcess(notify_desk, tmp_path / "n", mail_sink.port) as notify:
        for number in (1, 2, 3, 5):
            notify_desk.say(code_of(number), letters.HANDED_OVER)
        notify_desk.submit(code_of(4))
        wait_until(lambda: len(mail_sink.messages()) == 1, what="the last one's mail")
        wait_until(lambda: notify.settled(3))
        found = {(m.dossier_code, m.kind, m.state, m.reason_code) for m in notify.messages()}
    assert found == {
        (code_of(1), "submitted", SUPPRESSED, "no_consent"),
        (code_of(3), "submitted", SUPPRESSED, "no_address"),
        (code_of(4), "submitted", SENT, ""),
    }


def test_killed_between_mail_and_commit(notify_desk: Desk, tmp_path: Path) -> None:
    """Killed after the server took a mail, the service sends the same mail again, and says so."""
    notify_desk.submit(code_of(1))
    handler = DeadlyHandler(tmp_path / "mail")
    with sink_with(handler, free_port()) as sink:
        notify = NotifyProcess(notify_desk, tmp_path / "n", sink.port, retry="3600")
        with notify:
            wait_until(lambda: notify.settled(1))
            handler.victim = notify.pid
            notify_desk.say(code_of(1), letters.ACCEPTED)
            wait_until(lambda: len(sink.messages()) == 2 and not handler.victim)
            notify.kill()
            notify.start()
            wait_until(lambda: notify.settled(2), what="sent again")
            accepted = notify.messages()[1]
            assert (accepted.state, accepted.attempts, accepted.maybe_sent) == (SENT, 2, 1)
            assert notify.counts()[("accepted", SENT)] == (1, 1)
        _, taken, again = sink.messages()
        assert taken["Message-ID"] == again["Message-ID"]
        assert taken.as_bytes() == again.as_bytes()


def test_erased(notify_desk: Desk, mail_sink: MailSink, tmp_path: Path) -> None:
    """A person whose key was destroyed is not written to; the operator sees why."""
    notify_desk.submit(code_of(1))
    notify_desk.erase(code_of(1))
    with NotifyProcess(notify_desk, tmp_path / "n", mail_sink.port) as notify:
        wait_until(lambda: notify.settled(1))
        (message,) = notify.messages()
        assert (message.state, message.reason_code, message.attempts) == (FAILED, "erased", 0)
    assert not mail_sink.messages()


def test_resend(notify_desk: Desk, mail_sink: MailSink, tmp_path: Path) -> None:
    """A failed message is planned again once; a repeated request gets the same answer."""
    person = PersonalData(full_name="Vừ Thị Mỷ", email="550x1-my@example.vn")
    notify_desk.submit(code_of(1), person)
    with NotifyProcess(notify_desk, tmp_path / "n", mail_sink.port) as notify:
        wait_until(lambda: notify.settled(1))
        (failed,) = notify.messages()
        assert (failed.state, failed.reason_code, failed.code) == (FAILED, "refused", 550)
        request_id = "6d6f7463-7561-4000-8000-000000000001"
        new_id = notify.resend(failed.message_id, request_id)
        assert notify.resend(failed.message_id, request_id) == new_id
        with pytest.raises(grpc.RpcError) as refused:
            notify.resend(failed.message_id)
        assert explain(refused.value).reason == "MESSAGE_NOT_FAILED"
        wait_until(lambda: notify.settled(2))
        sent = notify.get(new_id).message
        assert (sent.state, sent.replaces) == (SENT, failed.message_id)
        with pytest.raises(grpc.RpcError) as unknown:
            notify.resend("nothing")
        assert explain(unknown.value).code == grpc.StatusCode.NOT_FOUND
    assert len(mail_sink.messages()) == 1


PLANTED = PersonalData(
    full_name="Zưởng Quýnh Xê",
    email="zuong.quynh.xe@planted.example",
    phone="0987654321",
    identity_number="098765432109",
    address="Số 77 Planted",
    pin="7391",
)
MARKS = [
    value.encode()
    for value in (
        PLANTED.full_name,
        "Quýnh",
        PLANTED.email,
        "planted",
        PLANTED.phone,
        PLANTED.identity_number,
        PLANTED.address,
    )
]


def test_nothing_personal_is_left_behind(
    notify_desk: Desk, mail_sink: MailSink, tmp_path: Path
) -> None:
    """A planted person is in the mail and nowhere else: no log, span, table, record or header."""
    folder = tmp_path / "n"
    refused = PersonalData()
    refused.CopyFrom(PLANTED)
    refused.email = "550-zuong.quynh.xe@planted.example"
    broken = PersonalData()
    broken.CopyFrom(PLANTED)
    broken.full_name += "\nBcc: all@planted.example"
    spans = {"MOTCUA_TRACE_FILE": str(folder / "spans.jsonl"), "MOTCUA_LOG_LEVEL": "debug"}
    with NotifyProcess(notify_desk, folder, mail_sink.port, retry="0.2", **spans) as notify:
        for number, person in enumerate((PLANTED, refused, broken)):
            notify_desk.submit(code_of(number), person)
        wait_until(lambda: notify.settled(3))
        assert sorted(m.state for m in notify.messages()) == [SENT, FAILED, FAILED]
        shown = b"".join(m.SerializeToString() for m in notify.messages())
    assert any(MARKS[0].decode() in mail.get_content() for mail in mail_sink.messages())
    with sqlite3.connect(folder / "notify.sqlite3") as database:
        dump = "\n".join(database.iterdump()).encode()
    database.close()
    files = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    assert {"notify.log", "notify.sqlite3", "spans.jsonl"} <= files.keys()
    assert b"notify.attempt" in files["spans.jsonl"]
    places = {**files, "dump": dump, "answers": shown, "records": _records(notify_desk)}
    found = [(name, mark) for name, text in places.items() for mark in MARKS if mark in text]
    assert not found


def _records(notify_desk: Desk) -> bytes:
    """Return every key, header and value of the log, one after the other."""
    reader = KafkaConsumer(bootstrap_servers=notify_desk.bootstrap, group_id=None)
    try:
        text = b""
        for number in sorted(reader.partitions_for_topic(notify_desk.topic) or ()):
            partition = TopicPartition(notify_desk.topic, number)
            end = reader.end_offsets([partition])[partition]
            reader.assign([partition])
            reader.seek(partition, 0)
            while reader.position(partition) < end:
                for run in reader.poll(1000).values():
                    for record in run:
                        text += record.key + record.value
                        text += b"".join(name.encode() + value for name, value in record.headers)
        return text
    finally:
        reader.close()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("NOTIFY_SENDER", "nobody"),
        ("NOTIFY_RETRY_SECONDS", "soon"),
        ("PEOPLE_DIRECTORY", "nowhere.toml"),
    ],
)
def test_wrong_settings(name: str, value: str, tmp_path: Path) -> None:
    """With a setting that can't be used the service does not start, and names it."""
    ended = subprocess.run(
        [sys.executable, "-m", "services.notify.main"],
        env={**os.environ, name: value, "MOTCUA_DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 2
    assert name in ended.stderr
    assert "Traceback" not in ended.stderr
