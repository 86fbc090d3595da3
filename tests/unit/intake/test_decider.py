"""The desk's decisions: given what happened, when a command comes, then events or a no."""

from __future__ import annotations

import pytest
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st
from motcua.events.v1.common_pb2 import Part, ResultChannel, SealedData
from motcua.intake.v1 import intake_pb2 as pb
from motcua.intake.v1.dossier_events_pb2 import (
    DossierAccepted,
    DossierRefused,
    DossierSubmitted,
    DossierWithdrawn,
    ResultReturned,
    SupplementSubmitted,
    WithdrawalRequested,
)

from kernel.base.errors import Refusal
from kernel.base.instants import to_timestamp
from services.intake.domain import decider
from services.intake.domain.decider import Terms
from services.intake.domain.refusals import refusal, refusal_codes
from services.intake.domain.state import CasePhase, ItemPhase, Phase, Progress, State, evolve
from tests.support.deciding import Deciding
from tests.support.intake_samples import AT_COUNTER, BY_POST, ELECTRONIC, MONDAY, OFFICER, ONLINE

TERMS = Terms("5wd", MONDAY, "vn-1", "standard", "keep")
SUBMITTED = DossierSubmitted(channel=ONLINE, result_channel=AT_COUNTER)
POSTED = DossierSubmitted(channel=ONLINE, result_channel=BY_POST)
FOREIGN = DossierSubmitted(result_channel=BY_POST, imported_from="receipt.csv")
ACCEPTED = DossierAccepted(time_limit="5wd")
REFUSED = DossierRefused(reason_code="incomplete")
WITHDRAWN = DossierWithdrawn()
WISH = WithdrawalRequested()
RETURNED = ResultReturned()
DESK = Deciding(State(), evolve, "intake", actor=OFFICER)
PAPERS = [pb.SubmittedPart(code="map")]


def handed(round_: int) -> SupplementSubmitted:
    return SupplementSubmitted(round=round_)


def running(**changes: object) -> Progress:
    return Progress(**({"case": CasePhase.RUNNING} | changes))  # type: ignore[arg-type]


def asked(round_: int = 1) -> Progress:
    return Progress(case=CasePhase.SUSPENDED, round=round_)


RESOLVED = Progress(case=CasePhase.RESOLVED)
LET_GO = Progress(case=CasePhase.WITHDRAWN)


@pytest.mark.parametrize(
    ("history", "accept", "refuse"),
    [
        ([SUBMITTED], "DossierAccepted", "DossierRefused"),
        ([SUBMITTED, ACCEPTED], "ALREADY_ACCEPTED", "ALREADY_ACCEPTED"),
        ([SUBMITTED, REFUSED], "ALREADY_REFUSED", "ALREADY_REFUSED"),
        ([SUBMITTED, WITHDRAWN], "ALREADY_WITHDRAWN", "ALREADY_WITHDRAWN"),
        ([SUBMITTED, ACCEPTED, RETURNED], "ALREADY_RETURNED", "ALREADY_RETURNED"),
    ],
)
def test_accepts_and_refuses_what_was_handed_in(
    history: list[Message], accept: str, refuse: str
) -> None:
    """Only a dossier that waits at the desk is accepted or refused."""
    request = pb.RefuseDossierRequest(reason_code="incomplete", reason="Thiếu giấy tờ")
    DESK.given(*history).when(decider.accept, TERMS).then(accept)
    DESK.given(*history).when(decider.refuse, request).then(refuse)


def test_the_acceptance_holds_the_promise() -> None:
    """Time limit, date, calendar, process and policy are written into the event."""
    expected = DossierAccepted(
        time_limit="5wd",
        due_at=to_timestamp(MONDAY),
        calendar_version="vn-1",
        process="standard",
        resume_policy="keep",
    )
    DESK.given(SUBMITTED).when(decider.accept, TERMS).then(expected)


def test_no_limit_promises_no_date() -> None:
    """A procedure without a limit leaves the due date out."""
    terms = Terms("none", None, "vn-1", "standard", "keep")
    expected = DossierAccepted(
        time_limit="none", calendar_version="vn-1", process="standard", resume_policy="keep"
    )
    assert not expected.HasField("due_at")
    DESK.given(SUBMITTED).when(decider.accept, terms).then(expected)


@pytest.mark.parametrize(
    ("history", "progress", "round_", "expected"),
    [
        ([SUBMITTED], Progress(), 0, "NOT_ACCEPTED"),
        ([SUBMITTED, REFUSED], Progress(), 0, "ALREADY_REFUSED"),
        ([SUBMITTED, WITHDRAWN], Progress(), 0, "ALREADY_WITHDRAWN"),
        ([SUBMITTED, ACCEPTED], Progress(), 0, "NO_SUPPLEMENT_REQUESTED"),
        ([SUBMITTED, ACCEPTED], running(), 0, "NO_SUPPLEMENT_REQUESTED"),
        ([SUBMITTED, ACCEPTED], asked(), 0, "SupplementSubmitted"),
        ([SUBMITTED, ACCEPTED], asked(), 1, "SupplementSubmitted"),
        ([SUBMITTED, ACCEPTED], asked(), 2, "WRONG_ROUND"),
        ([SUBMITTED, ACCEPTED, handed(1)], asked(), 0, "ALREADY_ANSWERED"),
        ([SUBMITTED, ACCEPTED, handed(1)], asked(), 1, "ALREADY_ANSWERED"),
        ([SUBMITTED, ACCEPTED, handed(1)], running(round=1), 1, "ALREADY_ANSWERED"),
        ([SUBMITTED, ACCEPTED, handed(1)], running(round=1), 0, "ALREADY_ANSWERED"),
        ([SUBMITTED, ACCEPTED, handed(1)], asked(2), 0, "SupplementSubmitted"),
        ([SUBMITTED, ACCEPTED, handed(1)], asked(2), 1, "ALREADY_ANSWERED"),
        ([SUBMITTED, ACCEPTED], Progress(CasePhase.RESOLVED, round=1), 1, "ALREADY_RESOLVED"),
        ([SUBMITTED, ACCEPTED], Progress(CasePhase.WITHDRAWN, round=1), 1, "ALREADY_WITHDRAWN"),
        ([SUBMITTED, ACCEPTED, RETURNED], RESOLVED, 0, "ALREADY_RETURNED"),
    ],
)
def test_takes_papers_that_are_asked_for(
    history: list[Message], progress: Progress, round_: int, expected: str
) -> None:
    """Papers are taken once for each request of the departments, while it is open."""
    request = pb.SubmitSupplementRequest(round=round_, parts=PAPERS)
    DESK.given(*history).when(decider.supplement, request, progress).then(expected)


def test_papers_answer_the_open_request() -> None:
    """The event names the round it answers, also when the request left it open."""
    request = pb.SubmitSupplementRequest(parts=PAPERS)
    answer = SupplementSubmitted(round=2, parts=[Part(code="map", copies=1)])
    DESK.given(SUBMITTED, ACCEPTED, handed(1)).when(decider.supplement, request, asked(2)).then(
        answer
    )


@pytest.mark.parametrize(
    ("history", "progress", "expected"),
    [
        ([SUBMITTED], Progress(), "DossierWithdrawn"),
        ([SUBMITTED, REFUSED], Progress(), "ALREADY_REFUSED"),
        ([SUBMITTED, WITHDRAWN], Progress(), "ALREADY_WITHDRAWN"),
        ([SUBMITTED, ACCEPTED], Progress(), "WithdrawalRequested"),
        ([SUBMITTED, ACCEPTED], asked(), "WithdrawalRequested"),
        ([SUBMITTED, ACCEPTED, WISH], running(), "WITHDRAWAL_PENDING"),
        ([SUBMITTED, ACCEPTED, WISH], running(declined=1), "WithdrawalRequested"),
        ([SUBMITTED, ACCEPTED, WISH], LET_GO, "ALREADY_WITHDRAWN"),
        ([SUBMITTED, ACCEPTED], RESOLVED, "ALREADY_RESOLVED"),
        ([SUBMITTED, ACCEPTED, RETURNED], RESOLVED, "ALREADY_RETURNED"),
    ],
)
def test_lets_go(history: list[Message], progress: Progress, expected: str) -> None:
    """Before acceptance a dossier is withdrawn at once, after it the departments are asked."""
    DESK.given(*history).when(decider.withdraw, None, progress).then(expected)


def test_a_withdrawal_keeps_its_sealed_reason() -> None:
    """Whether it is granted at once or asked of the departments."""
    reason = SealedData(key_id="k", nonce=b"n", ciphertext=b"c")
    at_the_desk, accepted = DESK.given(SUBMITTED), DESK.given(SUBMITTED, ACCEPTED)
    at_the_desk.when(decider.withdraw, reason, Progress()).then(DossierWithdrawn(reason=reason))
    accepted.when(decider.withdraw, reason, Progress()).then(WithdrawalRequested(reason=reason))


@pytest.mark.parametrize(
    ("history", "progress", "expected"),
    [
        ([SUBMITTED], Progress(), "NOT_ACCEPTED"),
        ([SUBMITTED, ACCEPTED], Progress(), "NOT_RESOLVED"),
        ([SUBMITTED, ACCEPTED], asked(), "NOT_RESOLVED"),
        ([SUBMITTED, ACCEPTED], RESOLVED, "ResultReturned"),
        ([SUBMITTED, ACCEPTED], LET_GO, "ALREADY_WITHDRAWN"),
        ([SUBMITTED, ACCEPTED, RETURNED], RESOLVED, "ALREADY_RETURNED"),
        ([POSTED, ACCEPTED], RESOLVED, "RESULT_IN_POST"),
        (
            [POSTED, ACCEPTED],
            Progress(CasePhase.RESOLVED, item=ItemPhase.OFFERED),
            "RESULT_IN_POST",
        ),
        ([POSTED, ACCEPTED], Progress(CasePhase.RESOLVED, item=ItemPhase.TAKEN), "RESULT_IN_POST"),
        (
            [POSTED, ACCEPTED],
            Progress(CasePhase.RESOLVED, item=ItemPhase.DELIVERED),
            "RESULT_IN_POST",
        ),
        (
            [POSTED, ACCEPTED],
            Progress(CasePhase.RESOLVED, item=ItemPhase.RETURNED),
            "ResultReturned",
        ),
        (
            [POSTED, ACCEPTED],
            Progress(CasePhase.RESOLVED, item=ItemPhase.UNWANTED),
            "ResultReturned",
        ),
        ([FOREIGN, ACCEPTED], RESOLVED, "ResultReturned"),
    ],
)
def test_hands_over_what_is_resolved(
    history: list[Message], progress: Progress, expected: str
) -> None:
    """The counter gives out a result once, and not while the post has it."""
    DESK.given(*history).when(decider.hand_over, progress).then(expected)


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        ([POSTED, ACCEPTED], ["ResultReturned"]),
        ([POSTED, ACCEPTED, RETURNED], []),
        ([POSTED], []),
    ],
)
def test_a_delivery_closes_the_dossier_once(history: list[Message], expected: list[str]) -> None:
    """A delivered item closes an accepted dossier; a second delivery changes nothing."""
    DESK.given(*history).when(decider.delivered, "RN123456789VN").then(*expected)


@pytest.mark.parametrize(
    ("history", "way", "expected"),
    [
        ([SUBMITTED, ACCEPTED], ELECTRONIC, ["ResultReturned"]),
        ([SUBMITTED, ACCEPTED], AT_COUNTER, []),
        ([SUBMITTED, ACCEPTED], ResultChannel.RESULT_CHANNEL_UNSPECIFIED, []),
        ([SUBMITTED, ACCEPTED, RETURNED], ELECTRONIC, []),
    ],
)
def test_an_electronic_result_is_returned_at_once(
    history: list[Message], way: int, expected: list[str]
) -> None:
    """Only an electronic result is with the citizen as soon as it is there."""
    DESK.given(*history).when(decider.published, way).then(*expected)


COMMANDS = st.lists(
    st.tuples(
        st.sampled_from(["accept", "refuse", "supplement", "withdraw", "hand_over", "delivered"]),
        st.sampled_from(list(CasePhase)),
        st.sampled_from(list(ItemPhase)),
        st.integers(0, 3),
        st.integers(0, 3),
        st.integers(0, 2),
    ),
    max_size=20,
)
FINAL = {Phase.REFUSED, Phase.WITHDRAWN, Phase.RETURNED}


def decide(state: State, name: str, progress: Progress, round_: int) -> decider.Decision:
    match name:
        case "accept":
            return decider.accept(state, TERMS)
        case "refuse":
            return decider.refuse(state, pb.RefuseDossierRequest())
        case "supplement":
            request = pb.SubmitSupplementRequest(round=round_, parts=PAPERS)
            return decider.supplement(state, request, progress)
        case "withdraw":
            return decider.withdraw(state, None, progress)
        case "hand_over":
            return decider.hand_over(state, progress)
    return decider.delivered(state, "RN123456789VN")


@given(st.sampled_from([SUBMITTED, POSTED, FOREIGN]), COMMANDS)
def test_no_order_of_commands_breaks_a_dossier(
    first: Message, commands: list[tuple[str, CasePhase, ItemPhase, int, int, int]]
) -> None:
    """Whatever comes in whatever order: one end at most and nothing after it."""
    history: list[Message] = [first]
    for name, case, item, asked_round, round_, declined in commands:
        before = DESK.given(*history).state
        progress = Progress(case, asked_round, declined, item)
        decision = decide(before, name, progress, round_)
        if isinstance(decision, Refusal):
            assert decision == refusal(decision.code)
            continue
        if before.phase in FINAL:
            assert not decision
        history += decision
    names = [payload.DESCRIPTOR.name for payload in history]
    assert names.count("DossierAccepted") <= 1
    ends = {"DossierRefused", "DossierWithdrawn", "ResultReturned"}
    assert sum(name in ends for name in names) <= 1
    rounds = [p.round for p in history if isinstance(p, SupplementSubmitted)]
    assert rounds == sorted(set(rounds))


def test_every_refusal_speaks_both_languages() -> None:
    """Each code is in capitals and has a text in Vietnamese and in English."""
    for code in refusal_codes():
        no = refusal(code, missing="", limit=1, files=1, received=1)
        assert no.code == code.upper()
        assert no.vi
        assert no.en
        assert no.vi != no.en
