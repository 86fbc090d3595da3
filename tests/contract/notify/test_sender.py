"""The sender on a real database and a real mail server, in the faults it must live through."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from motcua.notify.v1.message_events_pb2 import MessageFailed, MessageQueued, MessageSent
from motcua.routing.v1.case_events_pb2 import SupplementRequested

from infra.local.smtp import RECIPIENT_HEADER, MailSink
from kernel.base.errors import Unavailable
from kernel.crypto.keyring import Keyring
from office.people.directory import Directory, Officer
from services.notify.delivery.attempts import Attempts
from services.notify.delivery.sender import MailSender
from services.notify.settings import NotifySettings
from tests.support.events import name_of, payload_of
from tests.support.feed import wait_until
from tests.support.letters import ESCALATED, SUONG, TU
from tests.support.notify_store import Store


@contextmanager
def sending(
    store: Store,
    sink: MailSink,
    caught_up: Callable[[], bool] = lambda: True,
    people: Callable[[], Directory] | None = None,
) -> Iterator[MailSender]:
    settings = NotifySettings(database_url="", smtp_port=sink.port, retry_seconds=(0.2, 0.2, 0.2))
    sender = MailSender(store.runtime(caught_up=caught_up), settings, people)
    sender.start()
    try:
        yield sender
    finally:
        sender.stop()


def ends(store: Store, code: str) -> list[str]:
    return [name_of(event) for event in store.own(code) if name_of(event) != "MessageQueued"]


def test_not_before_the_log_was_read(store: Store, mail_sink: MailSink) -> None:
    """While the log is read a message may look unsent whose sending lies further on: none goes."""
    store.submit("D1")
    store.read()
    asked, read = [], threading.Event()

    def caught_up() -> bool:
        asked.append(read.is_set())
        return read.is_set()

    with sending(store, mail_sink, caught_up):
        wait_until(lambda: len(asked) > 2, what="asked several times")
        assert not mail_sink.messages()
        read.set()
        wait_until(lambda: ends(store, "D1") == ["MessageSent"])
    assert len(mail_sink.messages()) == 1


def test_database_away_after_the_mail(
    store: Store, mail_sink: MailSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the database goes away after a mail was taken, the sender waits to say so; one mail."""
    store.submit("D1")
    store.read()
    real, failures = Attempts.end, iter([1, 2])

    def end(self: Attempts, *given: Any) -> None:
        if next(failures, None):
            raise Unavailable("không trả lời", "no answer")
        real(self, *given)

    monkeypatch.setattr(Attempts, "end", end)
    with sending(store, mail_sink):
        wait_until(lambda: ends(store, "D1") == ["MessageSent"])
        (sent,) = [payload_of(event, MessageSent) for event in store.own("D1")[1:]]
    assert (sent.attempts, sent.maybe_sent) == (1, 0)
    assert len(mail_sink.messages()) == 1


def test_a_fault_that_nobody_foresaw(
    store: Store, mail_sink: MailSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A message that can't be handled takes its attempts and fails; those behind it are sent."""
    for code in ("D1", "D2"):
        store.submit(code)
        store.read()
    real = Keyring.open

    def broken(self: Keyring, code: str, *given: Any) -> bool:
        if code == "D1":
            raise RuntimeError("nobody foresaw this")
        return real(self, code, *given)

    monkeypatch.setattr(Keyring, "open", broken)
    with sending(store, mail_sink):
        wait_until(lambda: ends(store, "D2") == ["MessageSent"])
        wait_until(lambda: ends(store, "D1") == ["MessageFailed"])
    failed = payload_of(store.own("D1")[1], MessageFailed)
    assert (failed.attempts, failed.reason_code) == (4, "expired")
    assert len(mail_sink.messages()) == 1


def test_two_senders(store: Store, mail_sink: MailSink) -> None:
    """Two senders on one database send each message once."""
    for number in range(30):
        store.submit(f"D{number}")
    store.read()
    with sending(store, mail_sink), sending(store, mail_sink):
        wait_until(lambda: not store.deliveries(), what="all sent")
    assert len(mail_sink.messages()) == 30
    assert len({mail["Message-ID"] for mail in mail_sink.messages()}) == 30


HEADS = frozenset({"head"})


def people_of(*officers: Officer) -> Directory:
    return Directory({}, {officer.id: officer for officer in officers})


def test_an_officer_s_address_is_looked_up_when_the_mail_is_made(
    store: Store, mail_sink: MailSink
) -> None:
    """Who has none, or is not in the directory, is a failure that is seen; the others' mails go."""
    store.submit("D1", consent=False)
    store.say("D1", ESCALATED)
    store.read()
    there = [people_of(Officer(TU, "Lý Quốc Tú", "H22.02", HEADS))]
    with sending(store, mail_sink, people=lambda: there[0]):
        wait_until(lambda: not store.deliveries(), what="all ended")
        failed = {
            payload_of(e, MessageFailed).message_id: payload_of(e, MessageFailed)
            for e in store.own("D1")[-2:]
        }
        assert [(f.reason_code, f.attempts, f.code) for f in failed.values()] == [
            ("no_address", 0, 0),
            ("no_address", 0, 0),
        ]
        there[0] = people_of(
            Officer(TU, "Lý Quốc Tú", "H22.02", HEADS, email="tu@hagiang.example"),
            Officer(SUONG, "", "H22.02", HEADS, email="suong@hagiang.example"),
        )
        store.say("D1", ESCALATED)
        store.read()
        wait_until(lambda: len(mail_sink.messages()) == 2, what="both told")
    mails = {mail[RECIPIENT_HEADER]: mail for mail in mail_sink.messages()}
    assert "Kính gửi Ông/Bà Lý Quốc Tú," in mails["tu@hagiang.example"].get_content()
    assert f"Kính gửi Ông/Bà {SUONG}," in mails["suong@hagiang.example"].get_content()


def test_without_a_directory_an_officer_has_no_address(store: Store, mail_sink: MailSink) -> None:
    """What was planned elsewhere is given up, visibly; nothing crashes, the citizen is told."""
    store.submit("D1")
    store.say("D1", ESCALATED)
    store.read()
    with sending(store, mail_sink):
        wait_until(lambda: not store.deliveries(), what="all ended")
    assert sorted(ends(store, "D1")) == ["MessageFailed", "MessageFailed", "MessageSent"]
    assert [mail[RECIPIENT_HEADER] for mail in mail_sink.messages()] == ["my@example.vn"]


def test_an_officer_s_words_reach_the_letter(store: Store, mail_sink: MailSink) -> None:
    """They lie sealed among the letter's values, and are opened when the mail is made."""
    words = "Đơn chưa ký do nằm viện."
    store.submit("D1")
    store.say("D1", store.sealed("D1", SupplementRequested(reason=words, round=1)))
    store.read()
    (queued,) = [
        payload_of(event, MessageQueued)
        for event in store.own("D1")
        if payload_of(event, MessageQueued).kind == "supplement_requested"
    ]
    assert words not in queued.values["reason"]
    with sending(store, mail_sink):
        wait_until(lambda: ends(store, "D1") == ["MessageSent"] * 2)
    assert [words in mail.get_content() for mail in mail_sink.messages()].count(True) == 1
