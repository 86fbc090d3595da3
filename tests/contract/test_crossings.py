"""Commands of two services that cross: each is decided before its service hears of the other.

Every pair of commands is tried in states of a dossier in which both are taken, with the events of
either service first on the log. A pair whose order makes a difference is in the table of
docs/crossings.md, with what comes of it; of all others nobody can tell that they have crossed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any, Final

import pytest

from kernel.base.errors import Failure
from kernel.eventsourcing.envelope import payload_of
from kernel.eventsourcing.service_model import Model
from services.intake.application.command_table import DESK_COMMANDS
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
REOPENED: Final = ("CaseClosed", "CaseReopened", "CaseResumed")
OUTCOMES: Final[Mapping[Pair, tuple[str, tuple[str, ...]]]] = {
    ("SubmitSupplement", "CloseCase"): ("running", (*REOPENED, "SupplementSubmitted")),
    ("SubmitSupplement", "AnswerWithdrawal"): (
        "withdrawn",
        ("CaseWithdrawn", "SupplementSubmitted"),
    ),
    ("RequestWithdrawal", "CloseCase"): (
        "closed",
        ("CaseClosed", "WithdrawalDeclined", "WithdrawalRequested"),
    ),
    ("RequestWithdrawal", "ResolveCase"): (
        "resolved",
        ("CaseResolved", "WithdrawalDeclined", "WithdrawalRequested"),
    ),
    ("RequestWithdrawal", "CompleteImport"): (
        "running",
        ("HistoryImported", "WithdrawalRequested"),
    ),
    ("CancelFee", "ResolveCase"): ("resolved", ("CaseResolved", "FeeCancelled")),
    ("ReturnResult", "ReofferJob"): ("resolved", ("PostalJobReoffered", "ResultReturned")),
}
"""The case's status after a crossing, and the events that must be there; those of passed dates, of
mails and of a result that goes out at once may come with them."""


@dataclass
class Crossings:
    """What was found of the pairs that were tried."""

    taken: set[str] = field(default_factory=set)
    """The commands that were taken in some state."""
    tried: dict[Pair, int] = field(default_factory=Counter)
    matter: dict[Pair, list[tuple[str, Counter[str]]]] = field(default_factory=dict)
    """The status and the new events of each crossing of which the order can be told."""
    diverging: list[str] = field(default_factory=list)
    """Crossings that end otherwise when the other service's events are first on the log."""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Crossings:
    """Try all pairs."""
    crossings, seen = Crossings(), set[tuple[Any, ...]]()
    with open_services(tmp_path_factory.mktemp("crossings")) as services:
        for state in STATES:
            with services.taken_back():
                _try_pairs(bring_to(services, state), state, crossings, seen)
    return crossings


def _try_pairs(
    dossier: Dossier, state: str, crossings: Crossings, seen: set[tuple[Any, ...]]
) -> None:
    effects, signature = _effects(dossier), _signature(dossier)
    crossings.taken |= set(effects)
    for a, b in combinations(effects, 2):
        pair, (first, second) = (a, b), (COMMANDS[a][0], COMMANDS[b][0])
        key = (pair, *signature)
        if first == second or key in seen:
            continue
        seen.add(key)
        crossings.tried[pair] += 1
        nodes = dossier.services.nodes
        if not (
            effects[a] & _reads(nodes[second].model) or effects[b] & _reads(nodes[first].model)
        ):
            continue  # neither service hears of the other's command
        crossed = [_crossed(dossier, pair, order) for order in ((first, second), (second, first))]
        if crossed[0] != crossed[1]:
            crossings.diverging.append(f"{pair} in {state}")
        if [_one_after_the_other(dossier, a, b), _one_after_the_other(dossier, b, a)] != crossed:
            status, events = str(crossed[0][0]), crossed[0][-1] - _events(dossier)
            crossings.matter.setdefault(pair, []).append((status, events))


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
        (desk.phase, desk.account, desk.answered_round, desk.withdrawals),
        progress_of(row),
        None if job is None else (job.status, job.partner_id),
        _events(dossier),
    )


def _events(dossier: Dossier) -> Counter[str]:
    kinds = dossier.services.kinds(dossier.code).values()
    return sum(kinds, Counter[str]())


def _signature(dossier: Dossier) -> tuple[Any, ...]:
    """Return what the outcome of a crossing can depend on, of the state of a dossier."""
    nodes, code = dossier.services.nodes, dossier.code
    case, desk = nodes["routing"].state(code), nodes["intake"].state(code)
    asked = case.suspension
    over = asked and asked.end and asked.end.due_at < dossier.services.clock.now()
    waits = desk.withdrawals > case.declined
    status = None if dossier.job is None else dossier.job.status
    return case.status, asked and asked.kind, over, waits, desk.phase, desk.account.settled, status


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


def test_every_command_is_taken_in_some_state(found: Crossings) -> None:
    """So that each has its pairs."""
    assert found.taken == set(COMMANDS) - {BEGINS}


def test_the_order_of_arrival_makes_no_difference(found: Crossings) -> None:
    """Whichever service's events are first on the log, a crossing ends in the same way."""
    assert found.diverging == []


def test_the_page_lists_the_pairs_whose_order_can_be_told(found: Crossings) -> None:
    """Those and no others: of the rest each order gives the same, crossed or not."""
    assert set(ROW.findall(PAGE)) == set(found.matter)


def test_the_page_names_every_command() -> None:
    """A new command is decided upon."""
    assert set(COMMANDS) <= set(re.findall(r"`(\w+)`", PAGE))


@pytest.mark.parametrize("pair", OUTCOMES, ids="-".join)
def test_outcome(found: Crossings, pair: Pair) -> None:
    """What comes of each crossing of the table, in every state in which it can happen."""
    status, events = OUTCOMES[pair]
    assert found.matter[pair]
    for ended_as, new in found.matter[pair]:
        assert ended_as == status
        assert set(events) <= set(new)


def test_each_crossing_has_an_outcome(found: Crossings) -> None:
    """None is left undecided."""
    assert set(OUTCOMES) == set(found.matter)


def test_acknowledged_papers_are_told_of_once(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The citizen reads that the return does not hold, and that the work goes on."""
    with open_services(tmp_path_factory.mktemp("papers")) as services:
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
