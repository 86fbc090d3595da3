"""Notify's reactions, views, attempts and reads, on SQLite and on PostgreSQL."""

import uuid
from collections.abc import Callable

import pytest
from motcua.events.v1.common_pb2 import Actor, ActorKind
from motcua.events.v1.event_pb2 import Event
from motcua.notify.v1 import notify_pb2 as pb
from motcua.notify.v1.message_events_pb2 import MessageFailed, MessageQueued, MessageSent
from motcua.routing.v1.deadline_events_pb2 import DeadlineEscalated

from kernel.base.errors import Invalid, NotFound, Refused
from kernel.base.instants import SECOND
from kernel.commands.handler import carry_out
from kernel.consumer.applying.results import RecordFailed
from kernel.eventsourcing.command_context import Call
from kernel.eventsourcing.migrate import differences
from services.notify.application.handlers import MESSAGE_COMMANDS
from services.notify.application.reactions import message_id
from services.notify.delivery.attempts import DueAttempt
from services.notify.domain.decider import EMAIL
from services.notify.queries import messages
from tests.support import letters
from tests.support.events import name_of, payload_of
from tests.support.models import NOTIFY as MODEL
from tests.support.notify_store import Store

NewStore = Callable[..., Store]
LIFE = [
    letters.ACCEPTED,
    letters.ESCALATED,
    letters.LATE,
    letters.GRANTED,
    letters.POSTED,
    letters.POSTED,
]


def payloads(store: Store, code: str) -> list[str]:
    return [name_of(event) for event in store.own(code)]


def test_migrations_make_the_tables(store: Store) -> None:
    """The migrations lead to exactly the tables of the code."""
    assert differences(store.engine, MODEL) == []


def test_an_event_becomes_one_message(store: Store) -> None:
    """The message's identity comes from its cause; it waits for its first attempt at once."""
    event = store.submit("D1")
    store.read()
    (queued,) = store.own("D1")
    assert payload_of(queued, MessageQueued).message_id == message_id(event.event_id, EMAIL)
    assert queued.causation_id == event.event_id
    assert [(row["message_id"], row["attempt"]) for row in store.deliveries()] == [
        (payload_of(queued, MessageQueued).message_id, 0)
    ]
    store.log.append(store.log[0]._replace(offset=len(store.log)))
    assert store.read().repeats == 2
    assert payloads(store, "D1") == ["MessageQueued"]


def test_names_in_the_letters_language(store: Store) -> None:
    """A letter has the names in its language."""
    store.submit("D1", language="en")
    store.submit("D2", language="")
    store.read()
    english, other = (payload_of(store.own(code)[0], MessageQueued) for code in ("D1", "D2"))
    assert (english.language, english.values["unit"]) == ("en", "Department of Industry and Trade")
    assert (other.language, other.values["unit"]) == ("vi", "Sở Công Thương")


def test_papers_by_their_names_in_the_letters_language(store: Store) -> None:
    """As the procedure calls them; a paper of no procedure shows its code."""
    for code, language in (("D1", "vi"), ("D2", "en")):
        store.submit(code, language=language)
        store.say(code, letters.SUPPLEMENT)
    store.read()
    vietnamese, english = (payload_of(store.own(code)[-1], MessageQueued) for code in ("D1", "D2"))
    assert vietnamese.values["parts"] == "Giấy phép (2 bản): Bản sao mờ\nA2 (1 bản)"
    assert english.values["parts"] == "Licence (2 copies): Bản sao mờ\nA2 (1 copy)"


def test_a_dossier_without_a_submission(store: Store) -> None:
    """An event of a dossier that was never submitted is quarantined, not passed over."""
    store.say("D1", letters.ACCEPTED)
    with pytest.raises(RecordFailed):
        store.read()


def test_a_rebuild_makes_the_same_rows(store: Store, new_store: NewStore) -> None:
    """A database made from the log alone has the same rows, and nothing is to be done for it."""
    for number in range(8):
        code = f"D{number}"
        store.submit(
            code, consent=number % 4 != 1, imported_from="receipt" if number % 4 == 2 else ""
        )
        store.say(code, *LIFE)
        store.read()
    for index, due in enumerate(store.attempts.due()):
        assert store.attempts.begin(due, 60)
        name = due.message["message_id"]
        outcomes: list[MessageSent | MessageFailed] = [
            MessageSent(message_id=name, attempts=1, code=250, maybe_sent=index % 2),
            MessageFailed(message_id=name, attempts=1, code=550, reason_code="refused"),
        ]
        if index % 3 < 2:
            store.attempts.end(due, outcomes[index % 3])
    store.publish()
    store.read()
    again = new_store(store.log)
    again.read(reacting=False)
    again.run_pending()
    assert again.log == store.log
    assert again.views() == store.views()
    assert {row["message_id"] for row in again.deliveries()} == {
        row["message_id"] for row in store.deliveries()
    }


def test_each_officer_gets_a_message_and_the_citizen_none(store: Store) -> None:
    """One for each officer whom the event names, whether the citizen agreed or not; read again,
    none more.
    """
    for code, consent in (("D1", True), ("D2", False)):
        store.submit(code, consent=consent)
        *_, event = store.say(code, letters.NOBODY_TOLD, letters.ESCALATED)
        store.read()
        queued = [e for e in store.own(code) if name_of(e) == "MessageQueued"]
        to_officers = [e for e in queued if payload_of(e, MessageQueued).officer]
        duties = [payload_of(e, MessageQueued) for e in to_officers]
        assert [(m.officer, m.kind, m.language) for m in duties] == [
            (letters.SUONG, "escalated", "vi"),
            (letters.TU, "escalated", "vi"),
        ]
        units = {(m.values["unit"], m.values["told_unit"], m.values["work_unit"]) for m in duties}
        assert units == {("Sở Công Thương", "Sở Công Thương", "H22.02.01")}
        names = [message_id(event.event_id, EMAIL, officer) for officer in event_officers(event)]
        assert [m.message_id for m in duties] == names
        assert {e.causation_id for e in to_officers} == {event.event_id}
    before = store.log[:]
    store.log += [record._replace(offset=len(store.log)) for record in before]
    store.read()
    assert len(page(store).messages) == 6
    assert {m.officer for m in page(store, dossier_code="D2").messages} == {
        *("", letters.SUONG, letters.TU)
    }


def event_officers(event: Event) -> list[str]:
    return list(payload_of(event, DeadlineEscalated).officers)


# -- attempts ---


def first_due(store: Store, code: str = "D1") -> DueAttempt:
    store.submit(code)
    store.read()
    (due,) = store.attempts.due()
    return due


def test_due_in_the_order_of_the_events(store: Store) -> None:
    """New messages are due in the order in which they were planned."""
    for number in range(4):
        store.now += SECOND
        store.submit(f"D{number}")
        store.read()
    assert [due.message["dossier_code"] for due in store.attempts.due()] == [
        f"D{number}" for number in range(4)
    ]


def test_an_attempt_is_begun_once(store: Store) -> None:
    """Of two that see the same attempt due, one begins it."""
    due = first_due(store)
    begun = [store.attempts.begin(due, 60), store.attempts.begin(due, 60)]
    assert begun == [True, False]
    assert store.attempts.due() == []


def test_an_attempt_that_was_cut_off(store: Store) -> None:
    """An attempt begun and not ended is due again by the timetable, and counts as perhaps sent."""
    assert store.attempts.begin(first_due(store), 0)
    (again,) = store.attempts.due()
    assert (again.attempt, again.maybe_sent) == (1, 1)
    assert store.attempts.begin(again, 0)
    (third,) = store.attempts.due()
    assert (third.attempt, third.maybe_sent) == (2, 2)
    store.attempts.put_off(again, 0, code=451, maybe_sent=False)
    (fourth,) = store.attempts.due()
    assert (fourth.attempt, fourth.maybe_sent, fourth.last_code) == (2, 1, 451)


def test_a_new_leader_finds_what_was_cut_off(store: Store) -> None:
    """One process leads; the next to lead finds at once what the one before had begun."""
    first, second = store.attempts, store.attempts
    due = first_due(store)
    assert first.lead()
    assert not second.lead()
    assert first.begin(due, 600)
    first.yield_lead()
    assert second.due() == []
    assert second.lead()
    (again,) = second.due()
    assert (again.attempt, again.maybe_sent) == (1, 1)
    assert not first.lead()


def test_an_attempt_that_was_put_off(store: Store) -> None:
    """An attempt in vain is due again after its wait, with what is known of it."""
    due = first_due(store)
    assert store.attempts.begin(due, 60)
    store.attempts.put_off(due, 60, code=0, maybe_sent=True)
    assert store.attempts.due() == []
    (row,) = store.deliveries()
    assert (row["attempt"], row["under_way"], row["maybe_sent"]) == (1, 0, 1)


def test_a_message_ends_once(store: Store) -> None:
    """What became of a message is recorded once, as outcome of its event, and clears its row."""
    due = first_due(store)
    outcome = MessageSent(message_id=due.message["message_id"], attempts=1, code=250)
    store.attempts.end(due, outcome)
    store.attempts.end(due, outcome)
    assert payloads(store, "D1") == ["MessageQueued", "MessageSent"]
    queued, sent = store.own("D1")
    assert (sent.causation_id, sent.correlation_id) == (queued.event_id, "correlation-D1")
    assert store.deliveries() == []
    assert not store.attempts.begin(due, 60)


# -- reads ---


def page(store: Store, **request: object) -> pb.ListMessagesResponse:
    wanted = pb.ListMessagesRequest(**request)  # type: ignore[arg-type]
    answer: pb.ListMessagesResponse = store.ask(lambda on: messages.messages(on, wanted))
    return answer


def test_pages(store: Store) -> None:
    """Pages give every message once, newest first, and keep to what was asked for."""
    for number in range(7):
        store.now += SECOND * (number % 2)
        store.submit(f"D{number}", consent=number != 6)
        store.read()
    found, token, pages = [], "", 0
    while pages == 0 or token:
        answer = page(store, page_size=3, page_token=token)
        found += list(answer.messages)
        token, pages = answer.next_page_token, pages + 1
    assert pages == 3
    assert len({m.message_id for m in found}) == len(found) == 7
    times = [m.queued_at.ToMicroseconds() for m in found]
    assert times == sorted(times, reverse=True)
    assert [m.dossier_code for m in page(store, dossier_code="D3").messages] == ["D3"]
    suppressed = page(store, state=pb.MESSAGE_STATE_SUPPRESSED).messages
    assert [(m.dossier_code, m.reason_code) for m in suppressed] == [("D6", "no_consent")]


@pytest.mark.parametrize("token", ["x", "-1.a", "²3.a", "9" * 30 + ".a", "."])
def test_a_page_token_that_nobody_gave(store: Store, token: str) -> None:
    """A page token that is none is refused by name."""
    with pytest.raises(Invalid) as refused:
        page(store, page_token=token)
    assert [violation.field for violation in refused.value.violations] == ["page_token"]


def test_one_message(store: Store) -> None:
    """A message under way shows its attempts so far and the next one; a settled one its end."""
    due = first_due(store)
    name = due.message["message_id"]
    assert store.attempts.begin(due, 60)
    store.attempts.put_off(due, 60, code=451, maybe_sent=True)
    shown: pb.GetMessageResponse = store.ask(lambda on: messages.message(on, name))
    message = shown.message
    assert (message.attempts, message.code, message.maybe_sent) == (1, 451, 1)
    assert shown.HasField("next_attempt_at")
    assert not message.HasField("settled_at")
    outcome = MessageSent(message_id=name, attempts=2, code=250, maybe_sent=1)
    store.attempts.end(due, outcome)
    shown = store.ask(lambda on: messages.message(on, name))
    message = shown.message
    assert (message.attempts, message.code, message.maybe_sent) == (2, 250, 1)
    assert not shown.HasField("next_attempt_at")
    assert message.HasField("settled_at")
    with pytest.raises(NotFound):
        store.ask(lambda on: messages.message(on, "nothing"))


def test_counts(store: Store) -> None:
    """Messages are counted by kind and state, and beside it those perhaps sent twice."""
    store.submit("D1")
    store.say("D1", letters.ACCEPTED)
    store.submit("D2", consent=False)
    store.submit("D3")
    store.read()
    for due in store.attempts.due():
        assert store.attempts.begin(due, 60)
        store.attempts.put_off(due, 60, code=0, maybe_sent=due.message["kind"] == "accepted")
    answer: pb.CountMessagesResponse = store.ask(messages.counts)
    assert {(c.kind, c.state, c.count, c.maybe_sent) for c in answer.counts} == {
        ("submitted", pb.MESSAGE_STATE_QUEUED, 2, 0),
        ("submitted", pb.MESSAGE_STATE_SUPPRESSED, 1, 0),
        ("accepted", pb.MESSAGE_STATE_QUEUED, 1, 1),
    }


def test_a_failed_message_is_sent_once_more_on_an_operator_s_word(store: Store) -> None:
    """It is answered the same when the stored answer is lost; a second order finds no failure."""
    store.submit("D1")
    store.read()
    (due,) = store.attempts.due()
    failed = due.message["message_id"]
    assert store.attempts.begin(due, 60)
    end = MessageFailed(message_id=failed, attempts=1, code=550, reason_code="refused")
    store.attempts.end(due, end)

    handler = MESSAGE_COMMANDS[pb.ResendMessageRequest]
    request = pb.ResendMessageRequest(request_id=str(uuid.uuid4()), message_id=failed)
    boss = Actor(kind=ActorKind.ACTOR_KIND_OPERATOR, id="boss")
    call = Call(
        boss,
        "vi",
        request.request_id,
        store.now,
        store.now,
        "",
        request.request_id,
        digest=b"digest",
    )
    first = store.writer.submit(lambda uow: carry_out(handler, uow, request, call)).result()
    again = store.writer.submit(
        lambda uow: handler.answer(uow, request, call, uow.caused(call.request_id))
    ).result()
    assert again == first
    assert first.message_id == message_id(request.request_id, EMAIL)
    assert payloads(store, "D1") == ["MessageQueued", "MessageFailed", "MessageQueued"]
    with pytest.raises(Refused):
        store.writer.submit(lambda uow: carry_out(handler, uow, request, call)).result()
    other = pb.ResendMessageRequest(request_id=request.request_id, message_id="none")
    with pytest.raises(NotFound):
        store.writer.submit(lambda uow: carry_out(handler, uow, other, call)).result()
