"""Commands of two services that cross: each is decided before its service hears of the other.

Every pair of commands is tried in states of a dossier in which both are taken, with the events of
either service first on the log. A pair whose order makes a difference is in the table of
docs/crossings.md, with what comes of it; of all others nobody can tell that they have crossed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any, Final

import pytest

from kernel.base.errors import Failure
from kernel.eventsourcing.envelope import payload_of
from kernel.eventsourcing.service_model import Model
from services.intake.application.command_table import DESK_COMMANDS
from services.intake.domain.fees import FeeAccount
from services.intake.queries.dossier import progress_of
from services.intake.tables import DOSSIERS
from services.notify.application.handlers import MESSAGE_COMMANDS
from services.postal.application.command_table import JOB_COMMANDS
from services.routing.domain.command_table import COMMANDS as CASE_COMMANDS
from tests.support.crossing_commands import COMMANDS, STATES, Dossier, bring_to
from tests.support.crossing_services import Services, open_services
from tests.support.paths import ROOT

PAGE: Final = (ROOT / "docs" / "crossings.md").read_text("utf-8")
ROW: Final = re.compile(r"^\| `(\w+)` \| `(\w+)` \| .+ \|$", re.MULTILINE)
BEGINS: Final = "SubmitDossier"
"""Nothing crosses the command before which there is no dossier."""
Pair = tuple[str, str]


@dataclass(frozen=True)
class Crossing:
    """What comes of a pair of commands that cross, in these states of the dossier."""

    states: frozenset[str]
    status: str
    """How the case stands at the end."""
    events: frozenset[str]
    """The kinds of events that must be there; those of passed dates, of mails and of a result that
    goes out at once may come with them."""


def _crossing(status: str, events: str, *states: str) -> Crossing:
    return Crossing(frozenset(states), status, frozenset(events.split()))


_LAST_STEPS: Final = ("at the last step", "fee paid in part, last step", "fee paid, last step")
OUTCOMES: Final[Mapping[Pair, Crossing]] = {
    ("SubmitSupplement", "CloseCase"): _crossing(
        "running",
        "SupplementSubmitted CaseClosed CaseReopened CaseResumed",
        "papers late",
        "papers late and wished back",
    ),
    ("SubmitSupplement", "AnswerWithdrawal"): _crossing(
        "withdrawn", "SupplementSubmitted CaseWithdrawn", "papers late and wished back"
    ),
    ("RequestWithdrawal", "CloseCase"): _crossing(
        "closed", "WithdrawalRequested CaseClosed WithdrawalDeclined", "papers late"
    ),
    ("RequestWithdrawal", "ResolveCase"): _crossing(
        "resolved",
        "WithdrawalRequested CaseResolved WithdrawalDeclined",
        *_LAST_STEPS,
        "imported",
    ),
    ("RequestWithdrawal", "CompleteImport"): _crossing(
        "running", "WithdrawalRequested HistoryImported", "imported"
    ),
    ("CancelFee", "ResolveCase"): _crossing(
        "resolved", "FeeCancelled CaseResolved", "fee paid, last step"
    ),
    ("CancelFee", "TakeJob"): _crossing(
        "resolved", "FeeCancelled PostalJobTaken", "offered, fee owed"
    ),
    ("RecordFee", "ReportDelivered"): _crossing(
        "resolved", "FeeRecorded ItemDelivered ResultReturned", "under way, fee owed"
    ),
    ("CancelFee", "ReportDelivered"): _crossing(
        "resolved", "FeeCancelled FeeRecorded ItemDelivered ResultReturned", "under way, fee owed"
    ),
    ("ReturnResult", "ReofferJob"): _crossing(
        "resolved", "ResultReturned PostalJobReoffered", "nobody carries it"
    ),
}
HOME: Final[Mapping[str, str]] = {
    "AcceptDossier": "submitted",
    "RefuseDossier": "submitted",
    "SubmitSupplement": "papers asked",
    "RequestWithdrawal": "accepted",
    "ReturnResult": "resolved",
    "RecordFee": "fee paid in part",
    "CancelFee": "fee paid in part",
    "RecordExternalCode": "accepted",
    "AssignStep": "accepted",
    "CompleteStep": "accepted",
    "SendBack": "handed on",
    "RequestSupplement": "accepted",
    "CloseCase": "papers late",
    "RequestPayment": "accepted",
    "ConfirmPayment": "money asked",
    "SuspendCase": "accepted",
    "ResumeCase": "stopped",
    "ExtendDeadline": "accepted",
    "ResolveCase": "at the last step",
    "OpenStep": "accepted",
    "PullBack": "handed on",
    "MoveCase": "accepted",
    "SetParticipant": "accepted",
    "DelegateWork": "accepted",
    "EndAbsence": "officer away",
    "RequestConsultation": "accepted",
    "AnswerConsultation": "consulted",
    "CancelConsultation": "consulted",
    "DraftDocument": "accepted",
    "ReviewDocument": "drafted",
    "CorrectCase": "resolved",
    "AnswerWithdrawal": "wished back",
    "RecordStep": "imported",
    "CompleteImport": "imported",
    "RecalculateDeadlines": "accepted",
    "ReofferJob": "nobody carries it",
    "CancelJob": "offered",
    "RecallItem": "under way",
    "ChangeAddress": "taken",
    "AnswerChange": "cancellation asked",
    "TakeJob": "offered",
    "RefuseJob": "taken",
    "ReportTracking": "taken",
    "ReportDelivered": "under way",
    "ReportReturned": "under way",
    "ResendMessage": "message failed",
}
"""A state in which each command is taken."""
ALIKE: Final = {"handed on", "consulted", "drafted", "officer away", "message failed"}
"""States in which other services see what they see of an accepted dossier: the pairs of the
commands that are at home there are tried, the others are as in "accepted"."""


def _matter(dossier: Dossier, state: str) -> dict[Pair, tuple[str, Counter[str]]]:
    """Return the pairs of which the order can be told, with the case's status and the new events;
    fail for one that ends otherwise when the other service's events are first on the log.
    """
    effects, before = _effects(dossier), _events(dossier)
    found: dict[Pair, tuple[str, Counter[str]]] = {}
    for a, b in combinations(effects, 2):
        first, second = COMMANDS[a][0], COMMANDS[b][0]
        if first == second or (state in ALIKE and state not in (HOME[a], HOME[b])):
            continue
        nodes = dossier.services.nodes
        if not (
            effects[a] & _reads(nodes[second].model) or effects[b] & _reads(nodes[first].model)
        ):
            continue  # neither service hears of the other's command
        crossed = [_crossed(dossier, (a, b), order) for order in ((first, second), (second, first))]
        assert crossed[0] == crossed[1], f"{a} x {b} depends on the order of arrival"
        if [_one_after_the_other(dossier, a, b), _one_after_the_other(dossier, b, a)] != crossed:
            found[a, b] = str(crossed[0][0]), crossed[0][-1] - before
    return found


def _effects(dossier: Dossier) -> dict[str, set[str]]:
    """Return the events that follow from each command that is taken now, of whichever service."""
    found, before = {}, _events(dossier)
    for name in COMMANDS:
        with dossier.services.taken_back():
            if name != BEGINS and _taken(dossier, name):
                dossier.services.settle()
                found[name] = set(_events(dossier) - before)
    return found


def _taken(dossier: Dossier, name: str) -> bool:
    try:
        dossier.does(name)
    except Failure:
        return False
    return True


def _reads(model: Model) -> set[str]:
    return {kind.DESCRIPTOR.name for kind in (*model.projections, *model.reactions)}


def _crossed(dossier: Dossier, pair: Pair, order: Pair) -> tuple[Any, ...]:
    with dossier.services.taken_back():
        for name in pair:
            dossier.does(name)
        dossier.services.settle(*order)
        return _end(dossier)


def _one_after_the_other(dossier: Dossier, first: str, then: str) -> tuple[Any, ...] | None:
    """Return how it ends when everybody hears of one before the other; None where that is then
    refused.
    """
    with dossier.services.taken_back():
        dossier.known(first)
        if not _taken(dossier, then):
            return None
        dossier.services.settle()
        return _end(dossier)


def _end(dossier: Dossier) -> tuple[Any, ...]:
    """Return how a dossier stands at every service, and all its events by their kinds."""
    nodes, code = dossier.services.nodes, dossier.code
    case, desk = nodes["routing"].state(code), nodes["intake"].state(code)
    row = nodes["intake"].work(lambda uow: uow.get(DOSSIERS, code))
    job = dossier.job
    return (
        case.status.value,
        (case.step, case.assignee, case.round, case.declined, case.suspended_at),
        (desk.phase, _unnumbered(desk.account), desk.answered_round, desk.withdrawals),
        progress_of(row),
        None if job is None else (job.status, job.partner_id, str(dossier.money)),
        _events(dossier),
    )


def _unnumbered(account: FeeAccount) -> FeeAccount:
    """Return an account without the numbers of its events, which others that come between move."""
    records = (replace(record, sequence=0) for record in account.records)
    return replace(account, records=tuple(records))


def _events(dossier: Dossier) -> Counter[str]:
    kinds = dossier.services.kinds(dossier.code).values()
    return sum(kinds, Counter[str]())


def test_every_command_is_tried() -> None:
    """The list has every command of the services, and no other."""
    requests = [
        *DESK_COMMANDS,
        *JOB_COMMANDS,
        *MESSAGE_COMMANDS,
        *(spec.message for spec in CASE_COMMANDS),
    ]
    names = {request.__name__.removesuffix("Request") for request in requests}
    assert set(COMMANDS) == names | {BEGINS}


@pytest.mark.parametrize("name", HOME)
def test_every_command_is_taken_in_some_state(name: str, tmp_path: Path) -> None:
    """So that each has its pairs."""
    assert set(HOME) == set(COMMANDS) - {BEGINS}
    with open_services(tmp_path) as services:
        bring_to(services, HOME[name]).known(name)


@pytest.mark.parametrize("state", STATES)
def test_what_crosses_in_a_state(state: str, tmp_path: Path) -> None:
    """Each pair whose order can be told has its outcome, whichever service's events are first on
    the log; of all others each order gives the same, crossed or not.
    """
    with open_services(tmp_path) as services:
        found = _matter(bring_to(services, state), state)
    assert set(found) == {pair for pair, each in OUTCOMES.items() if state in each.states}
    for pair, (status, events) in found.items():
        assert status == OUTCOMES[pair].status, pair
        assert OUTCOMES[pair].events <= set(events), pair


def test_the_page_lists_the_pairs_whose_order_can_be_told() -> None:
    """Those and no others."""
    assert sorted(ROW.findall(PAGE)) == sorted(OUTCOMES)
    assert all(crossing.states for crossing in OUTCOMES.values())


def test_the_page_names_every_command() -> None:
    """A new command is decided upon."""
    assert set(COMMANDS) <= set(re.findall(r"`(\w+)`", PAGE))


def test_acknowledged_papers_are_told_of_once(tmp_path: Path) -> None:
    """The citizen reads that the return does not hold, and that the work goes on."""
    with open_services(tmp_path) as services:
        dossier = bring_to(services, "papers late")
        dossier.does("SubmitSupplement")
        dossier.does("CloseCase")
        services.settle("routing", "intake")
        mails = _mails(services, dossier.code)
        assert mails[-4:] == ["supplement_expired", "closed", "reopened", "resumed"]
        dossier.known("CompleteStep")


def _mails(services: Services, code: str) -> list[str]:
    messages = services.nodes["notify"].events(code)
    return [str(getattr(payload_of(event), "kind", "")) for event in messages]


def test_a_payment_at_the_counter_that_the_post_collects_again_is_shown(tmp_path: Path) -> None:
    """The desk's payment stands and no second one is made; the job says that its money differs."""
    with open_services(tmp_path) as services:
        dossier = bring_to(services, "under way, fee owed")
        owed = dossier.money
        assert owed
        assert owed.collect.total
        dossier.does("ReportDelivered")
        dossier.does("RecordFee")
        services.settle("intake", "postal")
        job, account = dossier.money, services.nodes["intake"].state(dossier.code).account
        assert job
        assert job.collected == owed.collect
        assert job.money_differs
        assert (account.phi_paid, account.le_phi_paid) == (account.phi, account.le_phi)


def test_a_partner_collects_no_more_what_was_paid_at_the_counter(tmp_path: Path) -> None:
    """Whether postal knew of the payment when the job was taken or not; a delivery without that
    money is as it must be.
    """
    for crossed in (True, False):
        with open_services(tmp_path / str(crossed)) as services:
            dossier = bring_to(services, "offered, fee owed")
            for name in ("TakeJob", "RecordFee"):
                dossier.does(name)
                if not crossed:
                    services.settle()
            services.settle()
            dossier.known("ReportTracking")
            job = dossier.money
            assert job
            assert not job.HasField("collect")
            job = dossier.known("ReportDelivered").money
            assert job
            assert not job.HasField("collected")
            assert not job.money_differs
