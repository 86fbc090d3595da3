"""Officers are told by the real notify service, on a real broker and a real mail server."""

import time
from collections import Counter
from pathlib import Path

from motcua.notify.v1 import notify_pb2 as pb

from infra.local.ports import free_port
from infra.local.smtp import RECIPIENT_HEADER, MailSink
from kernel.base.file_watcher import INTERVAL
from tests.support import letters
from tests.support.deadly_mail import DeadlyHandler
from tests.support.feed import code_of, put, wait_until
from tests.support.heads import ADDRESSES, NAMES, write_directory
from tests.support.letters import ESCALATED, SUONG, TU
from tests.support.notify_process import Desk, NotifyProcess, sink_with

SENT, FAILED = pb.MESSAGE_STATE_SENT, pb.MESSAGE_STATE_FAILED


def test_heads_get_mails(
    notify_desk: Desk, mail_sink: MailSink, tmp_path: Path, new_database: object
) -> None:
    """One for each officer and event, whatever the citizen agreed to, also of a child dossier; the
    citizen is not in it, nor told. Repeated records change nothing.
    """
    url = new_database("notify")  # type: ignore[operator]
    people = {"PEOPLE_DIRECTORY": write_directory(tmp_path / "people", ADDRESSES)}
    notify = NotifyProcess(notify_desk, tmp_path / "n", mail_sink.port, database_url=url, **people)
    with notify:
        notify_desk.submit(code_of(1), consent=False)
        notify_desk.say(code_of(2), letters.submitted(None, parent_code=code_of(1)))
        escalated = [notify_desk.say(code_of(n), ESCALATED, letters.NOBODY_TOLD) for n in (1, 2)]
        wait_until(lambda: notify.settled(5), what="all told")
        put(
            notify_desk.bootstrap,
            notify_desk.topic,
            [event for each in escalated for event in each],
        )
        notify_desk.say(code_of(2), ESCALATED)
        wait_until(lambda: notify.settled(7), what="told of the next")
        found = [m for m in notify.messages() if m.officer]
    assert Counter((m.dossier_code, m.officer) for m in found) == {
        (code, officer): number
        for code, number in ((code_of(1), 1), (code_of(2), 2))
        for officer in ADDRESSES
    }
    assert {(m.kind, m.state, m.attempts, m.code) for m in found} == {("escalated", SENT, 1, 250)}
    mails = {mail["Message-ID"]: mail for mail in mail_sink.messages()}
    assert len(mails) == len(mail_sink.messages()) == len(found)
    for message in found:
        mail = mails[f"<{message.message_id}@motcua.invalid>"]
        assert mail[RECIPIENT_HEADER] == ADDRESSES[message.officer]
        text = mail.get_content()
        assert text.startswith(f"Kính gửi Ông/Bà {NAMES[message.officer]},")
        assert all(word in text for word in (message.dossier_code, "“Thẩm định”", "H22.02.01"))
        assert "Vừ Thị Mỷ" not in text


def test_a_head_without_an_address_is_seen_and_told_when_it_is_there(
    notify_desk: Desk, mail_sink: MailSink, tmp_path: Path
) -> None:
    """The failure has its reason and hinders nobody; the address mended, the operator sends again,
    by the directory as it is then.
    """
    folder = tmp_path / "people"
    people = {"PEOPLE_DIRECTORY": write_directory(folder, {TU: "", SUONG: ADDRESSES[SUONG]})}
    with NotifyProcess(notify_desk, tmp_path / "n", mail_sink.port, **people) as notify:
        notify_desk.submit(code_of(1), consent=False)
        notify_desk.say(code_of(1), ESCALATED)
        wait_until(lambda: notify.settled(3))
        found = {m.officer: m for m in notify.messages() if m.officer}
        assert (found[SUONG].state, found[TU].state) == (SENT, FAILED)
        assert (found[TU].reason_code, found[TU].attempts, found[TU].code) == ("no_address", 0, 0)
        assert notify.counts()["escalated", FAILED] == (1, 0)
        write_directory(folder, ADDRESSES)
        time.sleep(1.1 * INTERVAL)  # a changed directory is in force then
        again = notify.get(notify.resend(found[TU].message_id)).message
        assert (again.officer, again.replaces) == (TU, found[TU].message_id)
        wait_until(lambda: notify.get(again.message_id).message.state == SENT)
    sent = [mail[RECIPIENT_HEADER] for mail in mail_sink.messages()]
    assert sent == [ADDRESSES[SUONG], ADDRESSES[TU]]


def test_refused_and_put_off(notify_desk: Desk, mail_sink: MailSink, tmp_path: Path) -> None:
    """The timetable and its end are the citizens' own."""
    addresses = {TU: "451x2-tu@hagiang.example", SUONG: "550-suong@hagiang.example"}
    people = {"PEOPLE_DIRECTORY": write_directory(tmp_path / "people", addresses)}
    with NotifyProcess(notify_desk, tmp_path / "n", mail_sink.port, **people) as notify:
        notify_desk.submit(code_of(1), consent=False)
        notify_desk.say(code_of(1), ESCALATED)
        wait_until(lambda: notify.settled(3))
        found = {m.officer: m for m in notify.messages() if m.officer}
    assert (found[TU].state, found[TU].attempts) == (SENT, 3)
    assert (found[SUONG].state, found[SUONG].reason_code, found[SUONG].code) == (
        *(FAILED, "refused", 550),
    )


def test_killed_between_mail_and_commit(notify_desk: Desk, tmp_path: Path) -> None:
    """The same mail goes to the officer again, and is counted."""
    people = {"PEOPLE_DIRECTORY": write_directory(tmp_path / "people", {TU: ADDRESSES[TU]})}
    only_one = letters.escalated_to(TU)
    handler = DeadlyHandler(tmp_path / "mail")
    with sink_with(handler, free_port()) as sink:
        notify = NotifyProcess(notify_desk, tmp_path / "n", sink.port, retry="3600", **people)
        with notify:
            notify_desk.submit(code_of(1), consent=False)
            wait_until(lambda: notify.settled(1))
            handler.victim = notify.pid
            notify_desk.say(code_of(1), only_one)
            wait_until(lambda: len(sink.messages()) == 1 and not handler.victim)
            notify.kill()
            notify.start()
            wait_until(lambda: notify.settled(2), what="sent again")
            message = notify.messages()[1]
            assert (message.state, message.attempts, message.maybe_sent) == (SENT, 2, 1)
        taken, again = sink.messages()
        assert taken.as_bytes() == again.as_bytes()
