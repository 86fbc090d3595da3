"""The supervisor says when a killed program is back."""

import os
import re
import socket
import threading
from collections.abc import Callable
from pathlib import Path

from cli.stack.readiness import is_ready
from infra.local.ports import free_port
from infra.supervisor import state
from infra.supervisor.plan import Program
from infra.supervisor.recoveries import Recoveries

ROUTING = Program("routing", (), {}, "127.0.0.1:1", is_service=True)


class Reports:
    """Keeps the lines that were reported, and lets a test wait for it."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.came = threading.Event()

    def __call__(self, line: str) -> None:
        self.lines.append(line)
        self.came.set()


def _ready_at(look: int) -> tuple[Callable[[Program], bool], list[str]]:
    looks: list[str] = []

    def ready(program: Program) -> bool:
        looks.append(program.name)
        return len(looks) >= look

    return ready, looks


def test_a_program_that_is_ready_again_is_said_once() -> None:
    """However often it died meanwhile, with the seconds since the first death."""
    reports, (ready, looks) = Reports(), _ready_at(3)
    returns = Recoveries(reports, ready)
    returns.died(ROUTING)
    returns.died(ROUTING)
    assert reports.came.wait(10)
    assert len(reports.lines) == 1
    assert re.fullmatch(r"routing is ready again after \d+\.\d s", reports.lines[0])
    assert len(looks) == 3


def test_each_return_is_said() -> None:
    """A program that dies again later is waited for again."""
    reports, (ready, _) = Reports(), _ready_at(1)
    returns = Recoveries(reports, ready)
    for _ in range(2):
        reports.came.clear()
        returns.died(ROUTING)
        assert reports.came.wait(10)
    assert len(reports.lines) == 2


def test_a_program_without_status_is_ready_when_it_listens() -> None:
    """The mail sink can't be asked."""
    port = free_port()
    mail = Program("mail", (), {}, f"127.0.0.1:{port}")
    assert not is_ready(mail)
    with socket.create_server(("127.0.0.1", port)):
        assert is_ready(mail)


def test_a_release_leaves_nothing_behind(tmp_path: Path) -> None:
    """The folder of held services goes with the last one of them."""
    state.hold(tmp_path, "audit")
    state.hold(tmp_path, "intake")
    state.release(tmp_path, "audit")
    assert state.held(tmp_path, "intake")
    state.release(tmp_path, "intake")
    assert not state.held(tmp_path, "intake")
    assert list(tmp_path.iterdir()) == []


def test_a_service_is_held_until_the_last_process_lets_it_go(tmp_path: Path) -> None:
    """Two repairs are tried at once: the one that is refused must not start the services again."""
    other = state.hold(tmp_path, "audit").rename(tmp_path / state.HOLD / f"audit.{os.getppid()}")
    state.hold(tmp_path, "audit")
    state.release(tmp_path, "audit")
    assert state.held(tmp_path, "audit")
    other.rename(other.with_suffix(".999999999"))  # it was killed
    assert not state.held(tmp_path, "audit")
    state.hold(tmp_path, "audit")
    state.release(tmp_path, "audit")
    assert list(tmp_path.iterdir()) == []
