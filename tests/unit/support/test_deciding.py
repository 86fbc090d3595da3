"""What ``then`` takes for right and for wrong."""

from __future__ import annotations

import pytest
from google.protobuf.message import Message
from motcua.events.v1.event_pb2 import Event
from motcua.intake.v1.dossier_events_pb2 import DossierAccepted, DossierWithdrawn

from kernel.base.errors import Refusal
from kernel.messages.catalogue import FixedText
from tests.support.deciding import Deciding, Decision
from tests.support.events import name_of

STREAM: Deciding[tuple[str, ...]] = Deciding(
    (), lambda names, event: (*names, f"{event.sequence}:{name_of(event)}"), "intake"
)
NO = Refusal("TOO_LATE", FixedText("Quá muộn", "Too late"))
ACCEPTED, WITHDRAWN = DossierAccepted(time_limit="5wd"), DossierWithdrawn()


def decide(_state: object, decision: Decision) -> Decision:
    return decision


def test_a_stream_goes_on_with_what_was_decided() -> None:
    """Each event is folded once, with the next number."""
    begun = STREAM.given(ACCEPTED)
    ended = begun.when(decide, [WITHDRAWN]).then("DossierWithdrawn")

    assert begun.state == ("1:DossierAccepted",)
    assert ended.state == ("1:DossierAccepted", "2:DossierWithdrawn")
    assert ended.when(decide, NO).then(NO) == ended
    assert STREAM.standing(("x",)).when(decide, [ACCEPTED]).then(ACCEPTED).state[0] == "x"


@pytest.mark.parametrize(
    ("decision", "expected"),
    [
        ([], ()),
        ([ACCEPTED], (ACCEPTED,)),
        ([ACCEPTED, WITHDRAWN], ("DossierAccepted", WITHDRAWN)),
        (NO, ("TOO_LATE",)),
        (NO, (NO,)),
    ],
)
def test_right(decision: Decision, expected: tuple[Message | Refusal | str, ...]) -> None:
    """Nothing, events by value or name, a refusal by value or code."""
    STREAM.given().when(decide, decision).then(*expected)


@pytest.mark.parametrize(
    ("decision", "expected"),
    [
        ([], ("DossierAccepted",)),
        ([ACCEPTED], ()),
        ([ACCEPTED], ("TOO_LATE",)),
        ([ACCEPTED], (DossierAccepted(),)),
        ([ACCEPTED], ("DossierWithdrawn",)),
        ([ACCEPTED], ("DossierAccepted", "DossierAccepted")),
        ([ACCEPTED, WITHDRAWN], ("DossierAccepted",)),
        ([ACCEPTED, WITHDRAWN], ("DossierWithdrawn", "DossierAccepted")),
        (NO, ()),
        (NO, ("OTHER",)),
        (NO, ("DossierAccepted",)),
        (NO, (Refusal("TOO_LATE", FixedText("Muộn", "Late")),)),
        (Refusal("TOO_LATE", FixedText("", "Too late")), ("TOO_LATE",)),
        (Refusal("too_late", FixedText("Quá muộn", "Too late")), ("too_late",)),
    ],
)
def test_wrong(decision: Decision, expected: tuple[Message | Refusal | str, ...]) -> None:
    """Anything else fails."""
    with pytest.raises(AssertionError):
        STREAM.given().when(decide, decision).then(*expected)


def test_an_event_has_its_stream_and_source() -> None:
    """As the log has it."""
    seen: list[Event] = []
    officers: Deciding[None] = Deciding(
        None, lambda _, event: seen.append(event), "routing", stream_id="an", stream_kind="officer"
    )
    officers.given(WITHDRAWN)
    assert [(e.stream_id, e.stream_kind, e.source, e.sequence) for e in seen] == [
        ("an", "officer", "routing", 1)
    ]
