"""Escalation policies as files: what they mean, and each mistake named."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from kernel.documents.mistakes import DocumentError
from kernel.documents.reading import DocumentReader
from office.worktime.calendars.vietnam import state_office
from office.worktime.durations import Duration
from services.routing.config.escalation_files import (
    SHIPPED,
    VARIABLE,
    configured_policies,
    load_policies,
    read_policies,
)
from services.routing.domain.escalation import (
    BOTH,
    CHECK,
    DOSSIER,
    STEP,
    EscalationPolicies,
    Stage,
    levels_of,
)
from tests.support.routing_cases import at, clock

ROLES = ("head", "leader")
UNITS = ("H22", "H22.12")
LEVEL_1 = "policy 1, level 1 (head)"
LEVEL = {"name": "head", "role": "head", "when": "due"}


def one(**change: object) -> dict[str, object]:
    """Return a file with one policy of one level."""
    return {"policy": [{"unit": "H22", "level": [LEVEL | change]}]}


def policies(content: dict[str, object]) -> EscalationPolicies:
    """Return the policies of a file that is parsed already."""
    return read_policies(DocumentReader("own.toml", content), ROLES, UNITS)


def test_the_shipped_policy_holds_for_every_unit() -> None:
    """The head at the due date, the leader a working day after the promised one."""
    policy = load_policies(SHIPPED, ROLES, UNITS).of("H22.12.03")
    assert [stage.name for stage in policy.of(STEP)] == ["head"]
    assert [stage.name for stage in policy.of(DOSSIER)] == ["head", "leader"]
    assert [stage.name for stage in policy.of(CHECK)] == ["desk-head"]


@pytest.mark.parametrize(
    ("when", "expected", "text"),
    [
        ("due", Stage("head", "head"), "2021-08-16 09:00"),
        ("4wh", Stage("head", "head", lead=Duration.parse("4wh")), "2021-08-13 15:00"),
        ("1wd", Stage("head", "head", lead=Duration.parse("1wd")), "2021-08-13 09:00"),
        ("75%", Stage("head", "head", share=Fraction(3, 4)), "2021-08-12 17:00"),
        ("+1wd", Stage("head", "head", after=Duration.parse("1wd")), "2021-08-17 09:00"),
        ("9wd", Stage("head", "head", lead=Duration.parse("9wd")), "2021-08-16 09:00"),
    ],
)
def test_each_form_of_when(when: str, expected: Stage, text: str) -> None:
    """Five working days from Monday 09:00: each form gives its instant."""
    (stage,) = policies(one(when=when)).of("H22").stages
    assert stage == expected
    assert stage.of == BOTH
    (level,) = levels_of(
        [stage], state_office(), (at("2021-08-09 09:00"), at("2021-08-16 09:00")), "H22.1", "H22.1"
    )
    assert clock(level.at) == text


@pytest.mark.parametrize(
    ("content", "where", "rule"),
    [
        (one(when="soon"), f"{LEVEL_1}, when", "must look like"),
        (one(when="none"), f"{LEVEL_1}, when", "must look like"),
        (one(when=75), f"{LEVEL_1}, when", "must look like"),
        (one(when="0%"), f"{LEVEL_1}, when", "must look like"),
        (one(when="+"), f"{LEVEL_1}, when", "must look like"),
        (one(role=""), f"{LEVEL_1}, role", "must be at most 40 small letters"),
        (
            one(role="king"),
            f"{LEVEL_1}, role",
            "no role king (there are head, leader)",
        ),
        (one(unit="H22.21"), f"{LEVEL_1}, unit", "no unit H22.21"),
        (one(unit="h22"), f"{LEVEL_1}, unit", "or the code of a unit"),
        (
            one(of="case"),
            f"{LEVEL_1}, of",
            "must be one of step, dossier, both, check",
        ),
        (one(of="check", when="4wh"), f"{LEVEL_1}, when", "when must be due"),
        (one(wehn="due"), f"{LEVEL_1}, wehn", "is no key here"),
        ({"policy": [{"unit": "h22"}]}, "policy 1, unit", "must be the code of a unit"),
        ({"policy": [{"unit": ""}, {"unit": ""}]}, "policy 2, unit", "two policies"),
        (
            {"policy": [{"unit": "", "level": [LEVEL, LEVEL]}]},
            "policy 1, level 2 (head), name",
            "one name",
        ),
        ({"policy": [{}]}, "policy 1, unit", "is missing"),
        ({"policies": []}, "policies", "is policy meant?"),
    ],
)
def test_each_mistake_is_named(content: dict[str, object], where: str, rule: str) -> None:
    """Policy, level, key and rule."""
    with pytest.raises(DocumentError) as wrong:
        policies(content)
    (mistake,) = wrong.value.mistakes
    assert mistake.where == where
    assert rule in mistake.text.en
    assert mistake.text.vi != mistake.text.en


def test_a_file_that_can_t_be_read_is_named(tmp_path: Path) -> None:
    """The office's own file is named by a variable; without a file the service does not start."""
    own = tmp_path / "own.toml"
    with pytest.raises(DocumentError, match=r"own\.toml"):
        configured_policies(own, UNITS)
    own.write_text("policy = ")
    with pytest.raises(DocumentError, match="no TOML"):
        configured_policies(own, UNITS)
    level = '[[policy]]\nunit = ""\n[[policy.level]]\nname = "head"\nrole = "king"\nwhen = "due"\n'
    own.write_text(level)
    with pytest.raises(DocumentError) as wrong:
        configured_policies(own, UNITS)
    place = f"{VARIABLE}: {own}:5:1: policy 1, level 1 (head), role: "
    assert str(wrong.value).startswith(f"{place}there is no role king ")
    own.write_text("policy = []")
    assert configured_policies(own, UNITS).of("H22").stages == ()


def test_a_level_may_name_a_unit_of_the_office() -> None:
    """By its code, which the office's catalogue or directory has."""
    (stage,) = policies(one(unit="H22.12")).of("H22").stages
    assert stage.unit == "H22.12"


def test_all_mistakes_of_a_file_are_named_at_once_in_both_languages(tmp_path: Path) -> None:
    """Each with its line and column; what hangs on a wrong value is not told again."""
    own = tmp_path / "own.toml"
    own.write_text(
        '[[policy]]\nunit = "H22"\n\n[[policy.level]]\nname = "head"\nrole = "king"\n'
        'wehn = "due"\n[[policy.level]]\nname = "Head"\nrole = "leader"\nunit = "H9"\n'
        'of = "check"\nwhen = "soon"\n'
        '[[policy]]\nunit = "H22"\n'
    )
    with pytest.raises(DocumentError) as wrong:
        load_policies(own, ROLES, UNITS)
    assert [m.in_language("vi").removeprefix(f"{own}:") for m in wrong.value.mistakes] == [
        "6:1: policy 1, level 1 (head), role: không có vai trò king (có: head, leader)",
        "7:1: policy 1, level 1 (head), wehn: không có khóa này; có phải là when không?",
        "9:1: policy 1, level 2 (Head), name: phải có nhiều nhất 40 chữ thường không dấu, chữ"
        " số và dấu gạch nối, đầu là chữ",
        "11:1: policy 1, level 2 (Head), unit: không có đơn vị H9",
        "13:1: policy 1, level 2 (Head), when: phải là due, hoặc như 4wh, 1wd, 75%, +1wd",
        "15:1: policy 2, unit: đơn vị này đã có một quy định thông báo cấp trên",
    ]
