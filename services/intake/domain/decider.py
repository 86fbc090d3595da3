"""Decisions of the desk: accept, refuse, supplement, withdraw, hand over the result, fees.

Pure: they see the fold of the desk's own events, and the progress at routing and postal. A request
is the protobuf message of its RPC; a decision is the events to write, or a ``Refusal``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, cast

from google.protobuf.message import Message
from motcua.events.v1.common_pb2 import Part, ResultChannel, ResultKind, SealedData
from motcua.intake.v1.dossier_events_pb2 import (
    DossierAccepted,
    DossierRefused,
    DossierWithdrawn,
    ResultReturned,
    SupplementSubmitted,
    WithdrawalRequested,
)
from motcua.intake.v1.event_parts_pb2 import LimitPhase
from motcua.intake.v1.fee_events_pb2 import FeeRecorded
from motcua.intake.v1.intake_pb2 import (
    RefuseDossierRequest,
    SubmitSupplementRequest,
    SubmittedPart,
)

from kernel.base.errors import Refusal
from kernel.base.instants import to_timestamp
from services.intake.domain import fees
from services.intake.domain.desk_check import DeskCheck
from services.intake.domain.fees import Payment
from services.intake.domain.parts_check import copies_of
from services.intake.domain.refusals import refusal
from services.intake.domain.state import CasePhase, ItemPhase, Phase, Progress, State

Decision = Sequence[Message] | Refusal
IMPORTED: Final = "imported"
"""Stands for calendar and process where another system set the promised date and did the work."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What an acceptance promises. ``due_at`` in microseconds, None without a promised date."""

    time_limit: str
    due_at: int | None
    calendar_version: str
    process: str
    resume_policy: str
    same_day: bool = False
    """The promised date is the closing of a day, whatever the limit says."""
    result_kind: int = ResultKind.RESULT_KIND_UNSPECIFIED
    """A ``ResultKind`` of the events."""
    phases: tuple[tuple[str, int], ...] = ()
    """The limit and due date of each phase, where there are several."""
    supplement_rounds: int | None = None
    """How often papers may be asked for; None: as the process has it."""
    supplement_period: str = ""
    """How long the citizen has to answer; empty: as the process has it."""


_AT_THE_DESK: Final = {
    Phase.ACCEPTED: "ALREADY_ACCEPTED",
    Phase.REFUSED: "ALREADY_REFUSED",
    Phase.WITHDRAWN: "ALREADY_WITHDRAWN",
    Phase.RETURNED: "ALREADY_RETURNED",
}
_IN_THE_DEPARTMENTS: Final = {
    Phase.SUBMITTED: "NOT_ACCEPTED",
    Phase.REFUSED: "ALREADY_REFUSED",
    Phase.WITHDRAWN: "ALREADY_WITHDRAWN",
    Phase.RETURNED: "ALREADY_RETURNED",
}


def accept(state: State, terms: Terms) -> Decision:
    """Accept a dossier that was handed in; the clock starts."""
    if state.phase is not Phase.SUBMITTED:
        return refusal(_AT_THE_DESK[state.phase])
    if state.account.holds_acceptance and not state.imported_from:
        return refusal("FEE_NOT_PAID")
    return [
        DossierAccepted(
            time_limit=terms.time_limit,
            due_at=to_timestamp(terms.due_at),
            calendar_version=terms.calendar_version,
            process=terms.process,
            resume_policy=terms.resume_policy,
            same_day=terms.same_day,
            result_kind=cast(ResultKind, terms.result_kind),
            phases=[
                LimitPhase(time_limit=limit, due_at=to_timestamp(due_at))
                for limit, due_at in terms.phases
            ],
            supplement_rounds=terms.supplement_rounds,
            supplement_period=terms.supplement_period,
        )
    ]


def refuse(state: State, request: RefuseDossierRequest) -> Decision:
    """Refuse a dossier that was handed in."""
    if state.phase is not Phase.SUBMITTED:
        return refusal(_AT_THE_DESK[state.phase])
    return [DossierRefused(reason_code=request.reason_code, reason=request.reason)]


def supplement(state: State, request: SubmitSupplementRequest, progress: Progress) -> Decision:
    """Take papers that were asked for; late ones, too, as long as the case still waits."""
    if no := _closed(state, progress):
        return no
    if 0 < progress.round <= state.answered_round or 0 < request.round == state.answered_round:
        return refusal("ALREADY_ANSWERED")
    if progress.case is not CasePhase.SUSPENDED or not progress.round:
        return refusal("NO_SUPPLEMENT_REQUESTED")
    if request.round not in (0, progress.round):
        return refusal("WRONG_ROUND")
    return [SupplementSubmitted(parts=parts_of(request.parts), round=progress.round)]


def withdraw(state: State, reason: SealedData | None, progress: Progress) -> Decision:
    """Withdraw a dossier that is not accepted yet; ask the departments when it is.

    ``reason`` is the citizen's, if one was given.
    """
    if state.phase is Phase.SUBMITTED:
        return [DossierWithdrawn(reason=reason)]
    if no := _closed(state, progress):
        return no
    if state.withdrawals > progress.declined:
        return refusal("WITHDRAWAL_PENDING")
    return [WithdrawalRequested(reason=reason)]


def hand_over(state: State, progress: Progress) -> Decision:
    """Hand the result over at the counter. What goes by post waits until its item has come back."""
    if state.phase is not Phase.ACCEPTED:
        return refusal(_IN_THE_DEPARTMENTS[state.phase])
    if progress.case is CasePhase.WITHDRAWN:
        return refusal("ALREADY_WITHDRAWN")
    if progress.case is CasePhase.CLOSED:
        return refusal("ALREADY_CLOSED")
    if progress.case is not CasePhase.RESOLVED:
        return refusal("NOT_RESOLVED")
    by_post = state.result_channel == ResultChannel.RESULT_CHANNEL_POST
    item_is_back = progress.item in (ItemPhase.RETURNED, ItemPhase.UNWANTED)
    if by_post and not item_is_back and not state.imported_from:
        return refusal("RESULT_IN_POST")
    if not state.account.settled and not state.imported_from:
        return refusal("FEE_NOT_PAID")
    return [ResultReturned(result_channel=ResultChannel.RESULT_CHANNEL_COUNTER)]


def delivered(state: State, item_number: str) -> Sequence[Message]:
    """Close a dossier whose result the post has delivered."""
    if state.phase is not Phase.ACCEPTED:
        return []
    by_post = ResultChannel.RESULT_CHANNEL_POST
    return [ResultReturned(result_channel=by_post, item_number=item_number)]


def published(state: State, result_channel: int) -> Sequence[Message]:
    """Close a dossier whose result is electronic, once the result is there and paid for."""
    online = ResultChannel.RESULT_CHANNEL_ONLINE
    if state.phase is not Phase.ACCEPTED or result_channel != online:
        return []
    if not state.account.settled and not state.imported_from:
        return []
    return [ResultReturned(result_channel=online)]


def record_fee(
    state: State, request: Payment, progress: Progress, check: DeskCheck | None
) -> Decision:
    """Record a payment or an exemption; an electronic result that waited for it goes out."""
    if state.phase not in (Phase.SUBMITTED, Phase.ACCEPTED):
        return refusal(_AT_THE_DESK[state.phase])
    if progress.case is CasePhase.WITHDRAWN:
        return refusal("ALREADY_WITHDRAWN")
    decided = fees.record(state.account, request, check)
    if isinstance(decided, Refusal) or progress.case is not CasePhase.RESOLVED:
        return decided
    account = fees.recorded(state.account, 0, cast(FeeRecorded, decided[0]))
    return [*decided, *published(replace(state, account=account), state.result_channel)]


def cancel_fee(state: State, sequence: int, reason: str) -> Decision:
    """Take back a record of a payment that was a mistake, while the result is still here."""
    if state.phase is Phase.RETURNED:
        return refusal(_AT_THE_DESK[state.phase])
    accepted = state.phase is Phase.ACCEPTED
    return fees.cancel(state.account, sequence, reason, accepted=accepted)


def parts_of(parts: Sequence[SubmittedPart]) -> list[Part]:
    """Return parts as events hold them; no number of copies means one."""
    return [Part(code=p.code, copies=copies_of(p), sha256=p.sha256) for p in parts]


def _closed(state: State, progress: Progress) -> Refusal | None:
    """Refuse what comes before acceptance or after the end."""
    if state.phase is not Phase.ACCEPTED:
        return refusal(_IN_THE_DEPARTMENTS[state.phase])
    if progress.case is CasePhase.RESOLVED:
        return refusal("ALREADY_RESOLVED")
    if progress.case is CasePhase.WITHDRAWN:
        return refusal("ALREADY_WITHDRAWN")
    if progress.case is CasePhase.CLOSED:
        return refusal("ALREADY_CLOSED")
    return None
