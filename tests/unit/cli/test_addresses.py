"""Where commands look for the services."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.stack.addresses import target
from cli.stack.status import collect
from infra.supervisor import state
from kernel.config.client_settings import Target

RUNNING = {"programs": [{"name": "intake", "address": "127.0.0.1:1", "pid": None, "deaths": 0}]}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder whose stack published addresses once."""
    monkeypatch.setenv("MOTCUA_DATA_DIR", str(tmp_path))
    for name in ("MOTCUA_HOST", "INTAKE_PORT", "AUDIT_PORT"):
        monkeypatch.delenv(name, raising=False)
    state.write_state(tmp_path, RUNNING)
    return tmp_path


@pytest.fixture
def supervised(folder: Path) -> Iterator[None]:
    """The folder's supervisor runs."""
    lock = state.acquire(folder)
    yield
    lock.close()


@pytest.mark.usefixtures("supervised")
def test_a_running_stack_is_called_where_it_listens(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`motcua status` and every other command call the same address, whatever the environment."""
    monkeypatch.setenv("INTAKE_PORT", "2")

    assert target("intake") == Target("127.0.0.1:1", tls=False)
    assert collect(folder)["services"][0]["address"] == "127.0.0.1:1"


@pytest.mark.usefixtures("supervised")
def test_what_the_stack_does_not_run_is_called_as_the_environment_has_it() -> None:
    """Such as before the stack has started everything."""
    assert target("audit") == Target("127.0.0.1:7405", tls=False)


def test_without_a_running_stack_the_environment_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a stack that ended has published counts no more."""
    assert target("intake") == Target("127.0.0.1:7401", tls=False)
    monkeypatch.setenv("INTAKE_PORT", "2")
    monkeypatch.setenv("MOTCUA_HOST", "192.0.2.1")

    assert target("intake") == Target("192.0.2.1:2", tls=False)
    monkeypatch.setenv("INTAKE_TLS_PORT", "3")
    assert target("intake") == Target("192.0.2.1:3", tls=True)
