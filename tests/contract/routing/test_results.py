"""The kind of result that the desk promised holds for the departments, and its file is shown."""

from __future__ import annotations

import pytest
from motcua.events.v1.common_pb2 import ResultKind

from kernel.base.errors import Refused
from tests.support.departments import Departments, Desk
from tests.support.routing_cases import LEADER, SPECIALIST, draft, judge, resolve
from tests.support.routing_queries import case

MON = "2021-08-09 10:00"
CODE = "H22.12-210809-0001"
SIGNED = ResultKind.RESULT_KIND_SIGNED


def test_a_signed_result_is_drafted_signed_and_given_with_its_file(
    departments: Departments,
) -> None:
    """GetCase tells from the beginning what is wanted, and at the end which file it was."""
    departments.reads(Desk().files(CODE, process="same-day", result_kind=SIGNED))
    assert case(departments).case.result_kind == SIGNED
    with pytest.raises(Refused) as missing:
        departments.does(resolve("handle"), CODE, MON)
    assert missing.value.code == "RESULT_FILE_MISSING"

    departments.does(draft("handle"), CODE, MON, SPECIALIST)
    departments.does(judge(), CODE, MON)
    departments.does(judge(stage=2), CODE, MON, LEADER)
    given = resolve("handle")
    given.file_sha256 = "a" * 64
    departments.does(given, CODE, MON)

    shown = case(departments)
    assert shown.case.file_sha256 == "a" * 64
    (paper,) = shown.documents
    assert (paper.result, paper.round, paper.sent_back) == (given.result, 0, False)
