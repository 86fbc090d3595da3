"""How often papers may be asked for, and for how long: the procedure's version says it, within what
its process allows.
"""

from __future__ import annotations

import pytest
from motcua.routing.v1.case_events_pb2 import SupplementRequested

from kernel.base.errors import Refused
from tests.support.databases import NewDatabase
from tests.support.departments import Departments, Desk, merged
from tests.support.events import payload_of
from tests.support.routing_cases import clock, supplement

CODE = "H22.12-210809-0001"


def ask(departments: Departments, when: str) -> None:
    departments.does(supplement("appraise"), CODE, when)


def refused(departments: Departments, when: str) -> Refused:
    with pytest.raises(Refused) as caught:
        ask(departments, when)
    return caught.value


@pytest.mark.parametrize(
    ("rounds", "allowed"), [(None, 3), (1, 1), (2, 2), (20, 3)], ids=["process", "1", "2", "more"]
)
def test_papers_are_asked_for_as_often_as_the_procedure_allows(
    departments: Departments, rounds: int | None, allowed: int
) -> None:
    """Once more is refused with the rule and its number, and nothing is written; a procedure that
    says nothing, or more than its process, has the three times of the process.
    """
    desk = Desk()
    departments.reads(desk.files(CODE, limit="90wd", rounds=rounds))
    for number in range(1, allowed + 1):
        ask(departments, f"2021-08-{9 + number:02d} 10:00")
        departments.reads([desk.papers(CODE, f"2021-08-{9 + number:02d} 15:00", number)])
    before = departments.kinds(CODE)

    problem = refused(departments, "2021-08-20 10:00")

    assert problem.code == "SUPPLEMENT_LIMIT"
    assert f"asked for {allowed} times; the procedure allows {allowed}" in problem.en
    assert f"nhiều nhất {allowed} lần" in problem.vi
    assert departments.kinds(CODE) == before
    assert before.count("SupplementRequested") == allowed


def test_a_procedure_may_allow_none(departments: Departments) -> None:
    """Then papers are not asked for at all, and the refusal says so."""
    departments.reads(Desk().files(CODE, rounds=0))
    assert refused(departments, "2021-08-09 10:00").code == "NO_SUPPLEMENTS"
    assert departments.kinds(CODE) == ["CaseOpened"]


@pytest.mark.parametrize(
    ("period", "ends"),
    [("", "2021-09-08 10:00"), ("10cd", "2021-08-19 10:00"), ("3wd", "2021-08-12 10:00")],
)
def test_the_citizen_has_the_procedure_s_time_to_answer(
    departments: Departments, period: str, ends: str
) -> None:
    """Where it says none, the thirty calendar days of the process."""
    departments.reads(Desk().files(CODE, period=period))
    ask(departments, "2021-08-09 10:00")
    asked = payload_of(departments.own_events(CODE)[-1], SupplementRequested)
    assert clock(asked.answer_due_at.ToMicroseconds()) == ends


def test_a_rebuild_knows_the_limits_again(new_database: NewDatabase) -> None:
    """They are in the acceptance: read again from the log, the tables are equal."""
    live = Departments(new_database("live"))
    files = Desk().files(CODE, rounds=1, period="10cd")
    live.reads(files)
    ask(live, "2021-08-09 10:00")
    rebuilt = Departments(new_database("rebuilt"), reacting=False)
    rebuilt.reads(merged([files, live.own_events()], [0, 0, 1, 0, 1]))
    assert rebuilt.views() == live.views()
    live.close()
    rebuilt.close()
