"""Which events a replay takes."""

from __future__ import annotations

import pytest

from cli.replaying.filter import Filter, WrongFilter
from tests.support.feed import code_of
from tests.support.streamed_events import item


@pytest.mark.parametrize(
    ("expression", "taken"),
    [
        ("", True),
        ("type == 'SupplementSubmitted'", True),
        ("type in ['DossierAccepted', 'DossierRejected']", False),
        (f"dossier == '{code_of(2)}'", True),
        (f"dossier == '{code_of(3)}'", False),
        ("payload.round > 1 && payload.round < 3", True),
        ("partition == 3 && offset >= 120", True),
        ("occurred_at >= timestamp('2021-08-09T08:00:00+07:00')", True),
        ("occurred_at > timestamp('2021-08-09T08:00:00+07:00')", False),
        ("['a', 'SupplementSubmitted'].exists(x, x == type)", True),
        ("has(payload.unit)", False),
        ("!has(payload.unit)", True),
        ("event.stream_kind == 'dossier' && event.stream_id.startsWith('H')", True),
    ],
)
def test_an_expression_takes_what_it_is_true_of(expression: str, taken: bool) -> None:
    """By its type, its payload, its place, its instants."""
    found = Filter(expression)
    assert found.takes(item(2, partition=3, offset=120)) is taken
    assert found.lacking == 0


def test_an_event_without_the_field_is_left_out_and_counted() -> None:
    """Events of other types have other fields."""
    found = Filter("payload.unit == 'H22.05'")
    assert [found.takes(item(n)) for n in (1, 2)] == [False, False]
    assert found.lacking == 2


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("type ==", "'type =='"),
        ("typo == 'x'", "'typo' is not one of type, event, payload"),
        ("payload.rounds.exists(r, r == s)", "'s' is not one of"),
    ],
)
def test_an_expression_that_can_not_be_used_is_refused_at_once(expression: str, words: str) -> None:
    """Before any event is read, with what may be named."""
    with pytest.raises(WrongFilter, match=words):
        Filter(expression)


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("payload.round", "of SupplementSubmitted at 0:7 it is 2, neither true nor false"),
        ("type > 1", "of SupplementSubmitted at 0:7: No such overload"),
        ("shout(type)", "of SupplementSubmitted at 0:7: Undefined variable or function: 'shout'"),
    ],
)
def test_an_expression_that_is_neither_true_nor_false_stops(expression: str, words: str) -> None:
    """With the event; nothing is guessed."""
    with pytest.raises(WrongFilter, match=words):
        Filter(expression).takes(item(2, offset=7))
