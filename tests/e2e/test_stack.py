"""A whole stack by the `motcua` command alone: it starts, stays up, and leaves nothing behind."""

import json
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from cli.stack.plan import SERVICES
from tests.support.feed import wait_until
from tests.support.paths import ROOT
from tests.support.stack import Stack, running

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def stack(session_dir: Path) -> Iterator[Stack]:
    """A stack of this module's own, in real time."""
    with running(session_dir, clock="real") as stack:
        yield stack


@pytest.fixture
def detachable() -> Iterator[Callable[..., Stack]]:
    """`detachable(folder, **options)`: a stack to be started by `up --detach`; whatever happens to
    the test, it does not outlive it.
    """
    made: list[Stack] = []

    def make(folder: Path, **options: Any) -> Stack:
        made.append(Stack(folder, clock="real", **options))
        return made[-1]

    yield make
    for stack in made:
        stack.end_detached()


def test_status_says_what_runs(stack: Stack) -> None:
    """`status --json` has the shape that scripts read; its pids are those of the processes."""
    found = stack.motcua("status", "--json")
    assert found["ready"] is True
    assert [row["name"] for row in found["services"]] == list(SERVICES)
    for row in found["services"]:
        assert {"name", "pid", "address", "ready", "lag"} <= row.keys()
        assert (row["ready"], row["address"]) == (True, stack.address(row["name"]))
        assert f"services.{row['name']}.main" in psutil.Process(row["pid"]).cmdline()
    kafka = {"pid": stack.pid("kafka"), "bootstrap": stack.bootstrap, "problem": ""}
    assert found["kafka"] == kafka


def test_another_folder_does_not_take_this_stack_for_its_own(
    stack: Stack, session_dir: Path
) -> None:
    """Its status says that something else answers, where, and nothing of what that says."""
    other = Stack(session_dir / "other", clock="real")
    other.env |= {f"{name.upper()}_PORT": stack.env[f"{name.upper()}_PORT"] for name in SERVICES}
    where = ", ".join(map(stack.address, SERVICES))
    message = f"nothing runs on {other.folder}; something else answers at {where}\n"
    done = other.run("status")
    assert (done.returncode, done.stdout, done.stderr) == (1, "", message)
    done = other.run("status", "--json")
    found = json.loads(done.stdout)
    assert (done.returncode, done.stderr, found["ready"]) == (1, message, False)
    assert {(row["ready"], row["lag"]) for row in found["services"]} == {(False, None)}


@pytest.mark.parametrize("name", SERVICES)
def test_a_killed_service_is_back_at_once(stack: Stack, name: str) -> None:
    """SIGKILL is answered by a new process without a pause, which becomes ready by itself."""
    gone = stack.kill(name)
    stack.wait_back(name, gone)
    stack.wait_ready()
    log = stack.folder / "stack.log"
    assert f"{name} ended (signal 9); starting it again\n" in log.read_text()
    again = f"{name} is ready again after"
    wait_until(lambda: again in log.read_text(), 60, "the supervisor says so")


def test_a_killed_broker_is_back(stack: Stack) -> None:
    """Kafka is started again on the same data, and the services go on with it."""
    gone = stack.kill("kafka")
    stack.wait_back("kafka", gone)
    log = stack.folder / "stack.log"
    wait_until(lambda: "kafka is ready again after" in log.read_text(), 60, "it is told")
    wait_until(lambda: stack.run("verify").returncode == 0, 60, "the log is read again")
    stack.wait_settled()


def test_idle_services_are_small(stack: Stack) -> None:
    """Each service stays below 150 MB, the whole stack with its broker below 1.5 GB."""
    sizes = {name: psutil.Process(stack.pid(name)).memory_info().rss for name in SERVICES}
    assert max(sizes.values()) < 150e6, sizes
    whole = sum(sizes.values()) + psutil.Process(stack.pid("kafka")).memory_info().rss
    assert whole < 1.5e9


def test_a_stack_leaves_nothing_behind(session_dir: Path, detachable: Callable[..., Stack]) -> None:
    """`up --detach` returns when all is ready; after `down`, or the death of the supervisor, no
    process and no open port is left, and the next start goes on with the same data.
    """
    fresh = detachable(session_dir / "detached")
    for ending in ("killed", "down"):
        begun = fresh.run("up", "--detach")
        assert (begun.returncode, begun.stdout) == (0, ""), begun.stderr
        found = fresh.motcua("status", "--json")
        pids = [row["pid"] for row in found["services"]] + [found["kafka"]["pid"]]
        supervisor = int((fresh.folder / "stack.lock").read_text())
        if ending == "killed":
            os.kill(supervisor, signal.SIGKILL)
        else:
            assert fresh.run("down").returncode == 0
        wait_until(lambda: not _alive([supervisor, *pids]), 60, "all processes are gone")  # noqa: B023
        assert fresh.run("status").returncode == 1
    assert fresh.run("down").returncode == 0


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("NOTIFY_SENDER", "nobody", "NOTIFY_SENDER: "),
        ("POSTAL_PARTNERS", "/nowhere/partners.toml", "postal: POSTAL_PARTNERS: "),
    ],
)
def test_refused_settings_end_the_start(
    session_dir: Path, detachable: Callable[..., Stack], name: str, value: str, line: str
) -> None:
    """One line, for a file that of the service that reads it, and exit status 2; nothing keeps
    running. Before it stand at most lines that say what is waited for.
    """
    fresh = detachable(session_dir / f"refused-{name}", settings={name: value})
    done = fresh.run("up", "--detach")
    assert (done.returncode, done.stdout) == (2, "")
    *waits, last = done.stderr.splitlines()
    assert last.startswith(line)
    assert all(wait.startswith("waiting for ") for wait in waits)
    assert fresh.run("status", "--json").returncode == 1


def test_settings_are_read_below_the_folder_in_which_the_stack_is_started(
    session_dir: Path,
    detachable: Callable[..., Stack],
) -> None:
    """As the commands read them; the services themselves run elsewhere."""
    here = session_dir / "here"
    (here / "office").mkdir(parents=True)
    permits = ROOT / "examples" / "processes" / "permits.yaml"
    shutil.copy(permits, here / "office")
    shutil.copy(ROOT / "services" / "routing" / "config" / "escalation.toml", here)
    settings = {
        "MOTCUA_PROCESSES": "office",
        "ROUTING_ESCALATION_POLICIES": "escalation.toml",
        "MOTCUA_CALENDARS_DIR": "calendars",
        "MOTCUA_PROCEDURES_DIR": "procedures",
        "AUDIT_DATABASE_URL": "sqlite:///record.sqlite3",
    }
    fresh = detachable(session_dir / "relative", settings=settings)
    begun = fresh.run("up", "--detach", cwd=here)
    assert begun.returncode == 0, begun.stderr
    assert {"calendars", "record.sqlite3"} <= {it.name for it in here.iterdir()}
    listed = fresh.run("process", "list", cwd=here)
    assert "permits" in listed.stdout
    assert fresh.run("down").returncode == 0


def _alive(pids: list[int]) -> list[int]:
    return [
        pid
        for pid in pids
        if psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    ]
