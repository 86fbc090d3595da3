"""Calls and publications of one account bear one name."""

import os
import pwd
from pathlib import Path

import jwt
import pytest

from cli.grpc_clients import identity
from cli.operator_name import operator_name

ACCOUNT = pwd.getpwuid(os.getuid()).pw_name


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No variable names anybody, as in a container or a timer of the system."""
    for name in ("MOTCUA_OPERATOR", "MOTCUA_TOKEN", "LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MOTCUA_DATA_DIR", str(tmp_path))


def caller() -> str:
    """Return the subject of the token with which the commands call."""
    header = dict(identity())["authorization"]
    claims = jwt.decode(header.removeprefix("Bearer "), options={"verify_signature": False})
    return str(claims["sub"])


def test_it_is_the_account_s() -> None:
    """Also where nothing but the system knows it."""
    assert operator_name() == caller() == ACCOUNT


def test_the_setting_goes_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """An account that several persons share says who it is."""
    monkeypatch.setenv("MOTCUA_OPERATOR", "an.nv")
    assert operator_name() == caller() == "an.nv"


def test_an_account_without_a_name_has_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container that runs under any number."""

    def nobody(_number: int) -> None:
        raise KeyError

    monkeypatch.setattr(pwd, "getpwuid", nobody)
    assert operator_name() == caller() == f"uid-{os.getuid()}"
