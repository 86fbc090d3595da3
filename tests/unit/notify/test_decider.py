"""What notify decides: given its events of a dossier, when something happens, then these follow."""

from collections import Counter

import pytest
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st
from motcua.notify.v1.message_events_pb2 import (
    MessageFailed,
    MessageQueued,
    MessageSent,
    MessageSuppressed,
)

from kernel.base.errors import Refusal
from services.notify.domain.citizen_messages import KINDS, ONCE
from services.notify.domain.decider import (
    EMAIL,
    Recipient,
    State,
    evolve,
    plan,
    plan_officer_messages,
    resend,
    settle,
)
from services.notify.domain.refusals import NOT_FAILED
from tests.support.deciding import Deciding
from tests.support.letters import Streams

WILLING = Recipient("vi", consent_email=True, has_data=True, silent=False)
UNWILLING = Recipient("vi", consent_email=False, has_data=True, silent=False)
NAMELESS = Recipient("vi", consent_email=True, has_data=False, silent=False)
SILENT = Recipient("vi", consent_email=True, has_data=True, silent=True)


def queued(message_id: str, kind: str = "accepted", replaces: str = "") -> MessageQueued:
    return MessageQueued(
        message_id=message_id,
        kind=kind,
        channel=EMAIL,
        template=f"{kind}.v1",
        language="vi",
        values={"due_at": ""},
        replaces=replaces,
    )


def suppressed(reason: str, kind: str = "accepted") -> MessageSuppressed:
    return MessageSuppressed(kind=kind, channel=EMAIL, reason_code=reason)


SENT = MessageSent(message_id="m1", attempts=1, code=250)
FAILED = MessageFailed(message_id="m1", attempts=1, code=550, reason_code="refused")


NOTIFY = Deciding(State(), evolve, "notify")


@pytest.mark.parametrize(
    ("given_", "kind", "recipient", "then"),
    [
        ([], "accepted", WILLING, [queued("new")]),
        ([], "accepted", UNWILLING, [suppressed("no_consent")]),
        ([], "accepted", NAMELESS, [suppressed("no_address")]),
        ([], "accepted", SILENT, []),
        ([suppressed("no_consent", "submitted")], "accepted", UNWILLING, []),
        ([queued("m1")], "accepted", WILLING, [queued("new")]),
        ([queued("m1", "late"), SENT], "late", WILLING, [queued("new", "late")]),
        ([queued("m1", "posted")], "posted", WILLING, []),
        ([queued("m1", "posted"), SENT], "posted", WILLING, []),
        ([queued("m1", "posted"), FAILED], "posted", WILLING, []),
        ([queued("m1", "delivered")], "posted", WILLING, []),
        ([queued("m1", "undelivered")], "posted", WILLING, []),
        ([queued("m1", "submitted")], "posted", WILLING, [queued("new", "posted")]),
    ],
)
def test_plan(given_: list[Message], kind: str, recipient: Recipient, then: list[Message]) -> None:
    """A willing citizen is told; an unwilling one is not, said once; imports are silent."""
    NOTIFY.given(*given_).when(plan, kind, {"due_at": ""}, recipient, "new").then(*then)


@pytest.mark.parametrize("outcome", [SENT, FAILED])
@pytest.mark.parametrize(
    ("given_", "counts"),
    [
        ([queued("m1")], True),
        ([], False),
        ([queued("m2")], False),
        ([queued("m1"), SENT], False),
        ([queued("m1"), FAILED], False),
    ],
)
def test_settle(outcome: MessageSent | MessageFailed, given_: list[Message], counts: bool) -> None:
    """What became of a message is recorded once, and only of one that is under way."""
    NOTIFY.given(*given_).when(settle, outcome).then(*[outcome] if counts else [])


@pytest.mark.parametrize(
    ("given_", "then"),
    [
        ([queued("m1"), FAILED], queued("new", replaces="m1")),
        ([], NOT_FAILED),
        ([queued("m1")], NOT_FAILED),
        ([queued("m1"), SENT], NOT_FAILED),
        ([queued("m1"), FAILED, queued("m2", replaces="m1")], NOT_FAILED),
    ],
)
def test_resend(given_: list[Message], then: Message | Refusal) -> None:
    """A message that failed for good can be planned once more; any other can't."""
    NOTIFY.given(*given_).when(resend, "m1", "new").then(then)


def test_a_resent_message_can_fail_and_be_resent() -> None:
    """Each failure can be answered by one resending."""
    again = [queued("m1"), FAILED, queued("m2", replaces="m1")]
    failed = MessageFailed(message_id="m2", reason_code="template")
    NOTIFY.given(*again, failed).when(resend, "m2", "m3").then(queued("m3", replaces="m2"))


IDS = st.sampled_from(["m1", "m2", "m3"])
EVENTS = st.one_of(
    st.builds(queued, IDS, st.sampled_from(KINDS), st.one_of(st.just(""), IDS)),
    st.builds(suppressed, st.just("no_consent"), st.sampled_from(KINDS)),
    st.builds(MessageSent, message_id=IDS),
    st.builds(MessageFailed, message_id=IDS),
)


@given(st.lists(EVENTS, max_size=12))
def test_fold(payloads: list[Message]) -> None:
    """Told stays told; what ended is not under way; what was resent is not failed."""
    streams, state = Streams(), State()
    for payload in payloads:
        before = state
        state = evolve(state, streams.event("D1", payload))
        assert before.notified <= state.notified
        match payload:
            case MessageSent() | MessageFailed():
                assert payload.message_id not in state.queued
            case MessageQueued():
                assert payload.message_id in state.queued
                assert payload.replaces not in state.failed
    assert state == NOTIFY.given(*payloads).state
    for kind in ONCE & state.notified:
        assert plan(state, kind, {}, WILLING, "new") == []


@given(st.lists(st.tuples(st.sampled_from(KINDS), st.booleans()), max_size=20))
def test_one_outcome_for_each_message(happenings: list[tuple[str, bool]]) -> None:
    """Events told one after the other give messages of distinct ids, each settled exactly once."""
    streams, state, ids = Streams(), State(), []
    for number, (kind, works) in enumerate(happenings):
        message_id = f"m{number}"
        for planned in plan(state, kind, {}, WILLING, message_id):
            state = evolve(state, streams.event("D1", planned))
            ids.append(message_id)
            outcome: MessageSent | MessageFailed = (
                MessageSent(message_id=message_id)
                if works
                else MessageFailed(message_id=message_id)
            )
            for settled in settle(state, outcome):
                state = evolve(state, streams.event("D1", settled))
            assert settle(state, outcome) == []
    assert not state.queued
    assert len(set(ids)) == len(ids)
    counts = Counter(happenings[int(name[1:])][0] for name in ids)
    came = Counter(kind for kind, _ in happenings)
    assert all(counts[kind] == came[kind] for kind in came if kind not in ONCE)
    assert all(counts[kind] <= 1 for kind in ONCE)


# -- officers ---


def test_officers_are_told_each_in_a_message_of_their_own() -> None:
    """In the order given, in Vietnamese, without being asked."""
    payloads = plan_officer_messages("escalated", {"due_at": ""}, {"suong": "m1", "tu": "m2"})
    expected = [queued("m1", "escalated"), queued("m2", "escalated")]
    expected[0].officer, expected[1].officer = "suong", "tu"
    for message in expected:
        message.template = "escalated.v2"
    assert payloads == expected


def test_what_officers_are_told_is_not_what_the_citizen_is_told() -> None:
    """An officer's message before the citizen's does not stand for it, nor for the word that the
    citizen is not told; given up, it can be planned again for the same officer.
    """
    duty = plan_officer_messages("submitted", {}, {"tu": "m1"})
    planned = NOTIFY.given(*duty)
    assert planned.state.notified == frozenset()
    planned.when(plan, "submitted", {}, UNWILLING, "new").then(
        suppressed("no_consent", "submitted")
    )
    planned.when(settle, SENT).then(SENT)
    failed = NOTIFY.given(*duty, FAILED)
    again = resend(failed.state, "m1", "m2")
    assert not isinstance(again, Refusal)
    (message,) = again
    assert isinstance(message, MessageQueued)
    assert (message.officer, message.message_id, message.replaces) == ("tu", "m2", "m1")
