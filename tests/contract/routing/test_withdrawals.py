"""A citizen's wish to withdraw waits, shown to the departments, for an officer's answer."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from kernel.base.errors import Refused
from kernel.crypto.keyring import ERASED, Keyring
from kernel.rpc.validation.validator import check
from kernel.storage.engines import open_engine
from office.sealed_text import WITHDRAWAL_REASON, seal_text
from services.routing.tables import CASES, TIMERS
from tests.support.departments import Departments, Desk
from tests.support.events import name_of
from tests.support.routing_cases import LEADER, clock, keep, let_go, supplement, withdrawal
from tests.support.routing_queries import case, work

MON = "2021-08-09 10:00"
LATER = "2021-08-09 11:00"
CODE = "H22.12-210809-0001"


def flags(departments: Departments) -> list[bool]:
    return [item.withdrawal_requested for item in work(departments).items]


def test_a_wish_is_shown_until_it_is_answered(departments: Departments) -> None:
    """GetCase and ListWork show it; the case stays open and due; declining writes the officer and
    the reason, and the next wish is shown as the second.
    """
    desk = Desk()
    departments.reads(desk.files(CODE))
    due = case(departments).case.due_at
    assert flags(departments) == [False]

    departments.reads([desk.says(CODE, withdrawal(), MON)])
    assert departments.kinds(CODE) == ["CaseOpened"]
    shown = case(departments).case
    assert (shown.withdrawal.number, shown.withdrawal.reason) == (1, "")
    assert clock(shown.withdrawal.requested_at.ToMicroseconds()) == MON
    assert (shown.due_at, flags(departments)) == (due, [True])

    departments.does(keep(), CODE, LATER, LEADER)
    answered = case(departments)
    assert not answered.case.HasField("withdrawal")
    assert flags(departments) == [False]
    (entry,) = [each for each in answered.entries if each.type == "WithdrawalDeclined"]
    assert (entry.actor, entry.note) == (LEADER.id, "đã ký kết quả")

    departments.reads([desk.says(CODE, withdrawal(), LATER)])
    assert case(departments).case.withdrawal.number == 2


def test_what_the_citizen_wrote_is_read_until_it_is_erased(
    departments: Departments, tmp_path: Path
) -> None:
    """It lies sealed in routing's row, and is opened when an officer looks at the case."""
    keyring = Keyring(open_engine(f"sqlite:///{tmp_path / 'keys'}", "keyring"), b"k" * 32)
    key = keyring.new_key(CODE)
    keyring.save([key])
    desk = Desk()
    departments.reads(desk.files(CODE))
    reason = seal_text(key, WITHDRAWAL_REASON, "không còn nhu cầu")
    departments.reads([desk.says(CODE, withdrawal(reason), MON)])

    assert case(departments, keyring=keyring).case.withdrawal.reason == "không còn nhu cầu"
    (row,) = departments.rows(CASES)
    assert "nhu cầu" not in str(row)
    keyring.destroy(CODE)
    assert case(departments, keyring=keyring).case.withdrawal.reason == ERASED


@pytest.mark.parametrize("reason", ["", " ", "\u200b", "\u2060", "\u3164\u00a0"])
def test_a_wish_is_not_declined_without_a_reason_to_read(
    departments: Departments, reason: str
) -> None:
    """The citizen reads it: signs that do not show are none."""
    desk = Desk()
    departments.reads(desk.files(CODE))
    departments.reads([desk.says(CODE, withdrawal(), MON)])
    answer = keep(reason=reason)
    answer.request_id, answer.dossier_code = str(uuid.uuid4()), CODE
    check(answer)
    with pytest.raises(Refused) as refused:
        departments.does(answer, CODE, LATER, LEADER)
    assert refused.value.code == "REASON_NEEDED"
    assert flags(departments) == [True]


def test_an_approved_wish_ends_a_case_that_stands_still(departments: Departments) -> None:
    """Nothing is watched any more; a wish after that is declined by itself, and none is shown."""
    desk = Desk()
    departments.reads(desk.files(CODE))
    departments.does(supplement("appraise"), CODE, MON)
    departments.reads([desk.says(CODE, withdrawal(), MON)])
    departments.does(let_go(), CODE, LATER, LEADER)
    ended = departments.own_events(CODE)[-1]
    assert (name_of(ended), ended.actor.id) == ("CaseWithdrawn", LEADER.id)
    assert not work(departments).items
    assert departments.rows(TIMERS) == []
    assert departments.looks("2021-12-01 09:00") == 0

    departments.reads([desk.says(CODE, withdrawal(), LATER)])
    assert departments.kinds(CODE)[-1] == "WithdrawalDeclined"
    assert not case(departments).case.HasField("withdrawal")
    with pytest.raises(Refused) as again:
        departments.does(let_go(2), CODE, LATER, LEADER)
    assert again.value.code == "CASE_WITHDRAWN"
