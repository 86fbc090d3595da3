"""Escalation policies as files: what they mean, and each mistake named."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from office.worktime.calendars.vietnam import state_office
from office.worktime.durations import Duration
from services.routing.config.escalation_files import (
    SHIPPED,
    VARIABLE,
    EscalationFileError,
    configured_policies,
    load_policies,
    parse_policies,
)
from services.routing.domain.escalation import BOTH, CHECK, DOSSIER, STEP, Stage, levels_of
from tests.support.routing_cases import at, clock

ROLES = ("head", "leader")
UNITS = ("H22", "H22.12")
LEVEL = {"name": "head", "role": "head", "when": "due"}


def one(**change: object) -> dict[str, object]:
    """Return a file with one policy of one level."""
    return {"policy": [{"unit": "H22", "level": [LEVEL | change]}]}


def test_the_shipped_policy_holds_for_every_unit() -> None:
    """The head at the due date, the leader a working day after the promised one."""
    policy = load_policies(SHIPPED, ROLES, UNITS).of("H22.12.03")
    assert [stage.name for stage in policy.of(STEP)] == ["head"]
    assert [stage.name for stage in policy.of(DOSSIER)] == ["head", "leader"]
    assert [stage.name for stage in policy.of(CHECK)] == ["desk-head"]


@pytest.mark.parametrize(
    ("when", "expected", "told"),
    [
        ("due", Stage("head", "head"), "2021-08-16 09:00"),
        ("4wh", Stage("head", "head", lead=Duration.parse("4wh")), "2021-08-13 15:00"),
        ("1wd", Stage("head", "head", lead=Duration.parse("1wd")), "2021-08-13 09:00"),
        ("75%", Stage("head", "head", share=Fraction(3, 4)), "2021-08-12 17:00"),
        ("+1wd", Stage("head", "head", after=Duration.parse("1wd")), "2021-08-17 09:00"),
        ("9wd", Stage("head", "head", lead=Duration.parse("9wd")), "2021-08-16 09:00"),
    ],
)
def test_each_form_of_when(when: str, expected: Stage, told: str) -> None:
    """Five working days from Monday 09:00: each form gives its instant."""
    (stage,) = parse_policies(one(when=when), ROLES, UNITS).of("H22").stages
    assert stage == expected
    assert stage.of == BOTH
    (level,) = levels_of(
        [stage], state_office(), (at("2021-08-09 09:00"), at("2021-08-16 09:00")), "H22.1", "H22.1"
    )
    assert clock(level.at) == told


@pytest.mark.parametrize(
    ("content", "where", "rule"),
    [
        (one(when="soon"), "policy 1, level 1, when", "must look like"),
        (one(when="none"), "policy 1, level 1, when", "must look like"),
        (one(when=75), "policy 1, level 1, when", "must look like"),
        (one(when="0%"), "policy 1, level 1, when", "must look like"),
        (one(when="+"), "policy 1, level 1, when", "must look like"),
        (one(role=""), "policy 1, level 1, role", "pattern"),
        (one(role="king"), "policy 1, level 1, role", "no role king; head, leader"),
        (one(unit="H22.21"), "policy 1, level 1, unit", "no unit H22.21"),
        (one(unit="h22"), "policy 1, level 1, unit", "pattern"),
        (one(of="case"), "policy 1, level 1, of", "'step', 'dossier', 'both' or 'check'"),
        (one(of="check", when="4wh"), "policy 1, level 1", "when must be due"),
        (one(wehn="due"), "policy 1, level 1, wehn", "not permitted"),
        ({"policy": [{"unit": "h22"}]}, "policy 1, unit", "pattern"),
        ({"policy": [{"unit": ""}, {"unit": ""}]}, "policy ''", "two policies"),
        ({"policy": [{"unit": "", "level": [LEVEL, LEVEL]}]}, "policy ''", "one name"),
        ({"policy": [{}]}, "policy 1, unit", "required"),
        ({"policies": []}, "policy", "required"),
    ],
)
def test_each_mistake_is_named(content: dict[str, object], where: str, rule: str) -> None:
    """Policy, level, key and rule."""
    with pytest.raises(EscalationFileError) as wrong:
        parse_policies(content, ROLES, UNITS)
    assert where in wrong.value.where
    assert rule in wrong.value.rule


def test_a_file_that_can_t_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The office's own file is named by a variable; without a file the service does not start."""
    monkeypatch.setenv(VARIABLE, str(tmp_path / "own.toml"))
    with pytest.raises(EscalationFileError, match=r"own\.toml"):
        configured_policies(UNITS)
    (tmp_path / "own.toml").write_text("policy = ")
    with pytest.raises(EscalationFileError, match="no TOML"):
        configured_policies(UNITS)
    text = '[[policy]]\nunit = ""\n[[policy.level]]\nname = "head"\nrole = "king"\nwhen = "due"\n'
    (tmp_path / "own.toml").write_text(text)
    with pytest.raises(EscalationFileError) as wrong:
        configured_policies(UNITS)
    place = f"{VARIABLE}: {tmp_path / 'own.toml'}: policy 1, level 1, role: there is no role king; "
    assert str(wrong.value).startswith(place)
    (tmp_path / "own.toml").write_text("policy = []")
    assert configured_policies(UNITS).of("H22").stages == ()


def test_a_level_may_name_a_unit_of_the_office() -> None:
    """By its code, which the office's catalogue or directory has."""
    (stage,) = parse_policies(one(unit="H22.12"), ROLES, UNITS).of("H22").stages
    assert stage.unit == "H22.12"
