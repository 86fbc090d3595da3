"""Phí and lệ phí: what is owed, what settles it, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from motcua.events.v1.event_pb2 import Event
from motcua.intake.v1.dossier_events_pb2 import DossierAccepted, ResultReturned
from motcua.intake.v1.event_parts_pb2 import FeesDue
from motcua.intake.v1.fee_events_pb2 import FeeCancelled, FeeRecorded
from motcua.intake.v1.intake_pb2 import RecordFeeRequest
from motcua.intake.v1.types_pb2 import FeeTiming
from motcua.postal.v1.event_parts_pb2 import MoneyToCollect
from motcua.postal.v1.job_events_pb2 import ItemDelivered

from kernel.base.errors import Refusal
from office.catalogue.model import Fee, FeeKind, FeePer
from services.intake.application.reactions import item_delivered
from services.intake.domain import decider, fees
from services.intake.domain.decider import Terms
from services.intake.domain.desk_check import DeskCheck
from services.intake.domain.fees import FeeAccount
from services.intake.domain.state import CasePhase, Phase, Progress, State
from services.intake.queries import dossier
from services.intake.tables import DOSSIERS
from tests.support.intake_samples import AFTER, AT_COUNTER, BEFORE, ELECTRONIC, FEES, procedure

OWED = FeeAccount(BEFORE, phi=600_000, le_phi=28_000, exempt_groups=("ngheo",))
PAGES = FeeAccount(BEFORE, phi=2_000, phi_open=True)
TERMS = Terms("5wd", None, "c", "standard", "keep", result_kind=2)


def paid(**values: Any) -> RecordFeeRequest:
    """Return a request; amounts get receipts of their own."""
    for kind in ("phi", "le_phi"):
        if values.get(kind):
            values.setdefault(f"{kind}_receipt", f"{kind}-{values[kind]}")
    if not values.get("exempt_group"):
        values.setdefault("method", "cash")
    return RecordFeeRequest(**values)


def after(account: FeeAccount, *requests: RecordFeeRequest) -> FeeAccount | Refusal:
    """Record one after the other; the first refusal ends it."""
    for sequence, request in enumerate(requests, start=2):
        decided = fees.record(account, request, None)
        if isinstance(decided, Refusal):
            return decided
        [made] = decided
        assert isinstance(made, FeeRecorded)
        account = fees.recorded(account, sequence, made)
        assert made.settled == account.settled
    return account


@pytest.mark.parametrize(
    ("account", "requests", "settled"),
    [
        (FeeAccount(), [], True),
        (OWED, [], False),
        (OWED, [paid(phi=600_000)], False),
        (OWED, [paid(phi=600_000, le_phi=28_000)], True),
        (OWED, [paid(phi=600_000), paid(le_phi=28_000)], True),
        (OWED, [paid(phi=100_000), paid(phi=500_000), paid(le_phi=28_000)], True),
        (OWED, [paid(exempt_group="ngheo")], True),
        (OWED, [paid(phi=600_000), paid(exempt_group="ngheo")], True),
        (PAGES, [paid(phi=2_000)], True),
        (PAGES, [paid(phi=14_000)], True),
        (PAGES, [paid(phi=2_000), paid(phi=6_000)], True),
        (replace(PAGES, phi=0), [], False),
    ],
)
def test_what_settles_an_account(
    account: FeeAccount, requests: list[RecordFeeRequest], settled: bool
) -> None:
    """Phí and lệ phí are settled each by itself, or both by an exemption; pages as counted."""
    found = after(account, *requests)

    assert isinstance(found, FeeAccount)
    assert found.settled is settled
    assert found.holds_acceptance is (not settled)
    assert not replace(found, timing=AFTER).holds_acceptance


@pytest.mark.parametrize(
    ("account", "requests", "code"),
    [
        (FeeAccount(), [paid(phi=1)], "NO_FEE"),
        (OWED, [paid(phi=600_001)], "FEE_TOO_MUCH"),
        (OWED, [paid(phi=600_000), paid(phi=1)], "FEE_TOO_MUCH"),
        (OWED, [paid(le_phi=28_001)], "FEE_TOO_MUCH"),
        (OWED, [paid(phi=600_000, le_phi=28_000), paid(phi=1)], "ALREADY_PAID"),
        (OWED, [paid(exempt_group="ngheo"), paid(phi=1)], "ALREADY_PAID"),
        (OWED, [paid(exempt_group="ngheo"), paid(exempt_group="ngheo")], "ALREADY_PAID"),
        (OWED, [paid(exempt_group="giau")], "NOT_EXEMPT"),
        (PAGES, [paid(le_phi=1)], "FEE_TOO_MUCH"),
        (PAGES, [paid(phi=2_000), paid(exempt_group="ngheo")], "ALREADY_PAID"),
    ],
)
def test_what_is_refused(account: FeeAccount, requests: list[RecordFeeRequest], code: str) -> None:
    """Nobody pays twice, or more than is owed, or is exempt by a group that the procedure lacks."""
    found = after(account, *requests)

    assert isinstance(found, Refusal)
    assert found.code == code


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (paid(phi=1), []),
        (paid(exempt_group="ngheo"), []),
        (RecordFeeRequest(), [("phi", "fee.nothing"), ("method", "required")]),
        (RecordFeeRequest(phi=1, method="cash"), [("phi_receipt", "fee.receipt")]),
        (paid(phi=1, le_phi_receipt="7"), [("le_phi_receipt", "fee.receipt")]),
        (
            paid(phi=1, le_phi=1, phi_receipt="7", le_phi_receipt="7"),
            [("le_phi_receipt", "fee.receipt_twice")],
        ),
        (
            RecordFeeRequest(exempt_group="ngheo", method="cash"),
            [("exempt_group", "fee.exempt_or_paid")],
        ),
    ],
)
def test_a_record_is_a_payment_or_an_exemption(
    request_: RecordFeeRequest, expected: list[tuple[str, str]]
) -> None:
    """Every field that does not fit is named."""
    assert [(it.field, it.rule) for it in fees.violations(request_)] == expected


def test_a_procedure_says_what_is_owed() -> None:
    """Sums are by kind; a price by the page leaves the sum open."""
    pages = Fee(FeeKind.PHI, "Trang", "Page", 2_000, FeePer.PAGE)
    due = fees.due(procedure(fees=(*FEES, pages), fee_timing=BEFORE))

    assert due == FeesDue(timing=BEFORE, phi=602_000, le_phi=28_000, phi_open=True)
    assert fees.due(procedure()) is None


def state(account: FeeAccount = OWED, phase: Phase = Phase.SUBMITTED, **values: Any) -> State:
    """Return the state of a dossier with this account."""
    return State(phase, "1.000005", 1, 1, AT_COUNTER, account=account, **values)


RESOLVED = Progress(case=CasePhase.RESOLVED)
SETTLED = fees.recorded(OWED, 2, FeeRecorded(exempt_group="ngheo"))


def test_what_is_paid_before_holds_the_acceptance() -> None:
    """A prepaid dossier is accepted when it is paid, an imported one in any case."""
    assert decider.accept(state(), TERMS).code == "FEE_NOT_PAID"  # type: ignore[union-attr]
    for good in (state(SETTLED), state(replace(OWED, timing=AFTER)), state(imported_from="x")):
        [accepted] = decider.accept(good, TERMS)  # type: ignore[misc]
        assert isinstance(accepted, DossierAccepted)
        assert accepted.result_kind == 2


@pytest.mark.parametrize("timing", [BEFORE, AFTER])
def test_nothing_is_handed_over_unpaid(timing: FeeTiming) -> None:
    """The result waits for what is owed; a cancelled prepayment is owed again."""
    unpaid = state(replace(OWED, timing=timing), Phase.ACCEPTED)
    assert decider.hand_over(unpaid, RESOLVED).code == "FEE_NOT_PAID"  # type: ignore[union-attr]
    assert isinstance(decider.hand_over(state(SETTLED, Phase.ACCEPTED), RESOLVED), list)
    assert isinstance(
        decider.hand_over(state(OWED, Phase.ACCEPTED, imported_from="x"), RESOLVED), list
    )


def test_an_electronic_result_goes_out_with_the_payment() -> None:
    """What is resolved online and not paid waits, and is returned by the payment itself."""
    waits = replace(state(replace(OWED, timing=AFTER), Phase.ACCEPTED), result_channel=ELECTRONIC)
    part = paid(phi=600_000)
    whole = paid(phi=600_000, le_phi=28_000)

    assert decider.published(waits, ELECTRONIC) == []
    assert len(decider.record_fee(waits, part, RESOLVED, None)) == 1  # type: ignore[arg-type]
    _, returned = decider.record_fee(waits, whole, RESOLVED, None)  # type: ignore[misc]
    assert returned == ResultReturned(result_channel=ELECTRONIC)
    at_the_counter = replace(waits, result_channel=AT_COUNTER)
    assert len(decider.record_fee(at_the_counter, whole, RESOLVED, None)) == 1  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("phase", "code"),
    [
        (Phase.REFUSED, "ALREADY_REFUSED"),
        (Phase.WITHDRAWN, "ALREADY_WITHDRAWN"),
        (Phase.RETURNED, "ALREADY_RETURNED"),
    ],
)
def test_who_is_gone_does_not_pay(phase: Phase, code: str) -> None:
    """Nothing is recorded for a dossier that has left."""
    found = decider.record_fee(state(phase=phase), paid(phi=1), Progress(), None)
    assert isinstance(found, Refusal)
    assert found.code == code


def test_the_answer_is_due_anew_when_it_is_paid() -> None:
    """The desk's time begins with the payment that lets it accept, and with no other."""
    anew = DeskCheck(77_000_000, 55_000_000)
    first = fees.record(OWED, paid(phi=600_000), anew)
    assert isinstance(first, list)
    assert not first[0].HasField("answer_due_at")
    half = fees.recorded(OWED, 2, FeeRecorded(phi=600_000))
    second = fees.record(half, paid(le_phi=28_000), anew)
    assert isinstance(second, list)
    assert second[0].answer_due_at.seconds == 77
    assert second[0].answer_warn_at.seconds == 55
    later = fees.record(replace(OWED, timing=AFTER), paid(exempt_group="ngheo"), anew)
    assert isinstance(later, list)
    assert not later[0].HasField("answer_due_at")


def test_a_mistake_is_taken_back_once() -> None:
    """A cancelled record does not count, and can't be cancelled again."""
    settled = state(SETTLED, Phase.ACCEPTED)
    assert decider.cancel_fee(settled, 2, "Nhầm") == [FeeCancelled(sequence=2, reason="Nhầm")]
    for found in (
        decider.cancel_fee(settled, 3, "Nhầm"),
        decider.cancel_fee(state(fees.cancelled(SETTLED, 2)), 2, "Nhầm"),
    ):
        assert isinstance(found, Refusal)
        assert found.code == "NO_SUCH_RECORD"
    gone = decider.cancel_fee(replace(settled, phase=Phase.RETURNED), 2, "Nhầm")
    assert isinstance(gone, Refusal)


@pytest.mark.parametrize("timing", [BEFORE, AFTER])
def test_a_prepayment_taken_back_says_that_the_desk_waits_again(timing: FeeTiming) -> None:
    """Only what is paid before acceptance holds it; what was paid twice over holds nothing."""
    waits = state(replace(SETTLED, timing=timing))
    (payload,) = decider.cancel_fee(waits, 2, "Nhầm")  # type: ignore[misc]
    assert isinstance(payload, FeeCancelled)
    assert payload.holds_acceptance == (timing == BEFORE)
    twice = fees.recorded(SETTLED, 3, FeeRecorded(phi=600_000, le_phi=28_000))
    (payload,) = decider.cancel_fee(state(twice), 3, "Nhầm")  # type: ignore[misc]
    assert isinstance(payload, FeeCancelled)
    assert not payload.holds_acceptance


AMOUNTS = st.integers(0, 40_000)
STEPS = st.lists(
    st.tuples(st.just("pay"), AMOUNTS, AMOUNTS)
    | st.tuples(st.sampled_from(["exempt", "cancel"]), st.integers(2, 9), st.just(0)),
    max_size=12,
)


@given(
    st.builds(
        FeeAccount,
        timing=st.sampled_from([BEFORE, AFTER]),
        phi=AMOUNTS,
        le_phi=AMOUNTS,
        phi_open=st.booleans(),
        exempt_groups=st.just(("ngheo",)),
    ),
    STEPS,
)
def test_no_way_of_paying_ends_in_too_much(account: FeeAccount, steps: list[Any]) -> None:
    """Whatever is paid, waived and taken back: what counts is never more than what is owed, and the
    view's judgement is the decider's.
    """
    due = FeesDue(
        timing=FeeTiming.Name(account.timing),
        phi=account.phi,
        le_phi=account.le_phi,
        phi_open=account.phi_open,
    )
    for sequence, (what, one, other) in enumerate(steps, start=2):
        if what == "cancel":
            if not isinstance(fees.cancel(account, one, "x", accepted=True), Refusal):
                account = fees.cancelled(account, one)
        else:
            request = (
                paid(exempt_group="ngheo") if what == "exempt" else paid(phi=one, le_phi=other)
            )
            if what == "pay" and not one and not other:
                continue
            found = after(account, request)
            if not isinstance(found, Refusal):
                records = (*found.records[:-1], replace(found.records[-1], sequence=sequence))
                account = replace(found, records=records)
        assert account.phi_open or account.phi_paid <= account.phi
        assert account.le_phi_paid <= account.le_phi
        group = "ngheo" if account.exempt else ""
        shown = dossier.account(due, account.phi_paid, account.le_phi_paid, group)
        assert shown.settled == account.settled


class _Desk:
    """As much of a unit of work as the reaction to a delivery asks."""

    def __init__(self, account: FeeAccount, receipts: frozenset[str] = frozenset()) -> None:
        self._state = state(account, Phase.ACCEPTED)
        self._receipts = receipts

    def state(self, _code: str) -> State:
        return self._state

    def get(self, table: Any, *key: str) -> dict[str, str] | None:
        if table is DOSSIERS:
            return {"unit": "H22.12"}
        return {} if key[1] in self._receipts else None


def _by_post(desk: _Desk, phi: int, le_phi: int) -> list[FeeRecorded]:
    item = ItemDelivered(
        item_number="RN123456785VN", phi_receipt="P-1" if phi else "", le_phi_receipt="L-1"
    )
    if phi or le_phi:
        item.collected.CopyFrom(MoneyToCollect(phi=phi, le_phi=le_phi))
    made = item_delivered(desk, Event(stream_id="H22.12-210809-0001"), item)  # type: ignore[arg-type]
    assert isinstance(made[-1], ResultReturned)
    return [each for each in made if isinstance(each, FeeRecorded)]


def test_what_the_post_collected_is_paid() -> None:
    """With the partner's receipts, before the dossier is closed by the delivery."""
    owed = replace(OWED, timing=AFTER)
    [paid_by_post] = _by_post(_Desk(owed), 600_000, 28_000)
    assert (paid_by_post.method, paid_by_post.settled) == ("post", True)
    assert (paid_by_post.phi_receipt, paid_by_post.le_phi_receipt) == ("P-1", "L-1")
    assert _by_post(_Desk(owed), 0, 0) == []


def test_what_the_desk_has_already_is_no_second_payment() -> None:
    """Nor is one under a receipt that was used; the delivery closes the dossier all the same."""
    owed = replace(OWED, timing=AFTER)
    already = after(owed, paid(phi=600_000, le_phi=28_000))
    assert isinstance(already, FeeAccount)
    assert _by_post(_Desk(already), 600_000, 28_000) == []
    assert _by_post(_Desk(owed, frozenset({"L-1"})), 600_000, 28_000) == []
