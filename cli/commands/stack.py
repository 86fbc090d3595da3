"""`motcua up`, `down` and `status`."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from cli.formatting import print_json
from cli.options import JSON
from cli.printer import err, fail, failed, grid, out
from cli.settings import settings
from cli.stack import simulated_clock
from cli.stack.plan import SERVICES, make_plan
from cli.stack.readiness import is_ready
from cli.stack.status import collect
from infra.kafka.jars import JarError
from infra.local.kafka import BrokerError
from infra.supervisor import state
from infra.supervisor.databases import silent
from infra.supervisor.plan import Plan
from infra.supervisor.supervised_program import WrongSettings, last_line
from infra.supervisor.supervisor import Supervisor
from kernel.base.halt import HaltReason
from kernel.kafka.topics import TopicError, ensure_topics, events_topic

READY_WITHIN = 90.0
TOLD_EVERY = 2.0
"""Seconds between two looks at what is waited for."""
TOLD_AGAIN = 20.0
"""Seconds after which the same line is printed again: something is still alive."""
STOPPED_WITHIN = 60.0
_SPEAKS = {"mail": "SMTP", "web": "http"}
"""What programs speak that don't speak gRPC."""
UNKNOWN = -1
"""The lag of a service that can't tell it, as while the broker does not answer."""


def up(
    detach: Annotated[
        bool, typer.Option("--detach", help="Return as soon as everything is ready.")
    ] = False,
    real_time: Annotated[
        bool, typer.Option("--real-time", help="Also where the log had a simulated clock.")
    ] = False,
) -> None:
    """Start the local stack and keep it running until Ctrl-C."""
    plan = _plan(real_time)
    if detach:
        _detached(plan, real_time)
    else:
        _foreground(plan)


def _plan(real_time: bool) -> Plan:
    try:
        plan = make_plan()
        (plan.data_dir / "log").mkdir(parents=True, exist_ok=True)
    except ValueError as error:
        raise failed(str(error), 2) from error
    except OSError as error:
        raise failed(f"MOTCUA_DATA_DIR: {error.filename}: {error.strerror}", 2) from error
    if not real_time and (why := simulated_clock.refusal(plan.data_dir, settings().clock)):
        raise failed(why, 2)
    if state.supervisor_pid(plan.data_dir):
        raise failed(f"a stack is already running on {plan.data_dir}")
    if problems := plan.problems() or silent(plan.services[0].env, SERVICES):
        raise failed("; ".join(problems))
    return plan


def _foreground(plan: Plan) -> None:
    cluster = replace(settings().cluster, servers=plan.bootstrap)
    supervisor = Supervisor(
        plan,
        lambda line: err.print(line, style="yellow", markup=False),
        is_ready,
        lambda: ensure_topics(cluster, topics=[events_topic(plan.topic)]),
    )
    given = settings()
    announcer = threading.Thread(target=_announce, args=(plan, supervisor), daemon=True)
    simulated_clock.note(plan.data_dir, given.clock)
    try:
        supervisor.run(announcer.start)
        simulated_clock.note(plan.data_dir, given.clock, given.make_clock())
    except (state.AlreadyRunning, BrokerError, JarError, TopicError) as error:
        raise failed(str(error)) from error
    except WrongSettings as error:
        raise failed(str(error), 2) from error
    except OSError as error:  # such as a full disk
        raise failed(f"{error.filename}: {error.strerror}") from error
    err.print("stopped")


def _announce(plan: Plan, supervisor: Supervisor) -> None:
    end = time.monotonic() + READY_WITHIN
    waiting = _Waiting(plan)
    explained = False
    while not collect(plan.data_dir)["ready"]:
        if supervisor.ending:
            return
        if why := waiting.in_vain():
            end = math.inf
            if not explained:
                fail(why)
            explained = True
        if time.monotonic() > end:
            fail(f"not ready after {READY_WITHIN:.0f} s; see {plan.data_dir / 'log'}")
            return
        waiting.tell()
        time.sleep(0.1)
    supervisor.mark_ready()
    err.print(addresses(plan))
    err.print("[green]Ready.[/] Ctrl-C stops everything.")


class _Waiting:
    """Shows now and then what a start waits for."""

    def __init__(self, plan: Plan) -> None:
        self._folder = plan.data_dir
        self._told = self._asked = self._looked = time.monotonic()
        self._line = ""

    def in_vain(self) -> str:
        """Look once a second, and return why waiting does not help: all services that are not
        ready have another log than before. Empty while it may help.
        """
        now = time.monotonic()
        if now - self._looked < 1.0:
            return ""
        self._looked = now
        found = collect(self._folder)
        rows = [row for row in found["services"] if not row["ready"]]
        if not rows or any(row.get("halt_reason") != HaltReason.LOG_DIFFERS for row in rows):
            return ""
        reasons = "; ".join(f"{', '.join(names)}: {why}" for why, names in _reasons(found).items())
        return f"everything runs, but nothing is taken ({reasons}); see motcua status"

    def tell(self) -> None:
        """Print a line about the services that are not ready, if it is time to, and says
        something else than the one before.
        """
        now = time.monotonic()
        if now - self._asked <= TOLD_EVERY:
            return
        self._asked = now
        line = awaited(collect(self._folder))
        if line and (line != self._line or now - self._told > TOLD_AGAIN):
            self._told, self._line = now, line
            err.print(f"waiting for {line}")


def awaited(found: dict[str, Any]) -> str:
    """Return what is still missing of a stack that was looked at, in words."""
    rows = [row for row in found["services"] if not row["ready"]]
    if all(row["pid"] is None for row in found["services"]):
        return "kafka"
    return ", ".join(
        f"{row['name']} ({row['lag']:,} records to read)" if (row["lag"] or 0) > 0 else row["name"]
        for row in rows
    )


def addresses(plan: Plan) -> Table:
    """Lay out where everything listens."""
    rows = [("kafka", plan.bootstrap, f"topic {plan.topic}")]
    for program in plan.programs:
        rows.append((program.name, program.address, _SPEAKS.get(program.name, "gRPC")))
    return grid(("", "", ""), rows, heading=False)


def _detached(plan: Plan, real_time: bool) -> None:
    log = plan.data_dir / "log" / "supervisor.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "cli.main", "up", *(["--real-time"] if real_time else [])],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    end = time.monotonic() + READY_WITHIN
    waiting = _Waiting(plan)
    why = ""
    try:
        while not (_is_ready(plan, process.pid) or (why := waiting.in_vain())):
            waiting.tell()
            if process.poll() is not None:
                fail(last_line(log) or f"the stack ended; see {log}")
                raise typer.Exit(process.returncode or 1)
            if time.monotonic() > end:
                raise failed(f"not ready after {READY_WITHIN:.0f} s; see {log.parent}")
            time.sleep(0.05)
    except BaseException:
        process.terminate()
        process.wait()
        raise
    err.print(addresses(plan))
    if why:
        raise failed(why)


def _is_ready(plan: Plan, supervisor: int) -> bool:
    """Read the published state only: the supervisor asks the services."""
    if state.supervisor_pid(plan.data_dir) != supervisor:
        return False
    return bool(state.read_state(plan.data_dir).get("ready"))


def down() -> None:
    """Stop the local stack."""
    folder = settings().data_dir.absolute()
    pid = state.supervisor_pid(folder)
    if pid is None:
        err.print(f"nothing runs on {folder}")
        return
    os.kill(pid, signal.SIGTERM)
    end = time.monotonic() + STOPPED_WITHIN
    while state.supervisor_pid(folder) is not None:
        if time.monotonic() > end:
            raise failed(f"the stack with pid {pid} does not stop")
        time.sleep(0.05)
    err.print("stopped")


def status(
    as_json: JSON = False,
) -> None:
    """Show what runs, and whether it is ready.

    Also how far behind the log it is. Exit status 1 when something is not ready.
    """
    folder = settings().data_dir.absolute()
    found = collect(folder)
    running = state.supervisor_pid(folder) is not None
    if as_json:
        print_json(found)
    elif running:
        out.print(_table(found))
        for why, names in _reasons(found).items():
            out.print(f"{', '.join(names)}: {why}", markup=False)
        if any(row.get("halt_reason") == HaltReason.LOG_DIFFERS for row in found["services"]):
            out.print(
                "`motcua log check` shows what the log lacks, `motcua log repair` gives it back"
            )
        if any(row.get("halt_reason") == HaltReason.LEDGER_STALLED for row in found["services"]):
            out.print(
                "log/audit.log says why audit signs nothing, `motcua verify` what it has signed; "
                "once it signs, all goes on by itself"
            )
    if found["others"]:
        where = ", ".join(found["others"])
        fail(f"nothing runs on {folder}; something else answers at {where}")
    elif not running:
        fail(f"nothing runs on {folder}; motcua up starts it")
    if not found["ready"]:
        raise typer.Exit(1)


def _table(found: dict[str, Any]) -> Table:
    kafka = found["kafka"]
    rows: list[list[str | Text]] = [["kafka", _text(kafka["pid"]), _text(kafka["bootstrap"])]]
    for row in found["services"]:
        ready = Text("yes", "green") if row["ready"] else Text("no", "red")
        lag = None if row.get("lag") == UNKNOWN else row.get("lag")
        numbers = [_text(lag), *(_text(row.get(name)) for name in ("outbox", "quarantined"))]
        rows.append([row["name"], _text(row["pid"]), row["address"], ready, *numbers])
    columns = ("service", "pid", "address", "ready", "lag", "outbox", "quarantined")
    return grid(columns, rows, right=("pid", "lag", "outbox", "quarantined"))


def _reasons(found: dict[str, Any]) -> dict[str, list[str]]:
    """Return what is the matter, with the programs of which it is true."""
    problem = found["kafka"]["problem"]
    reasons: dict[str, list[str]] = {problem: ["kafka"]} if problem else {}
    for row in found["services"]:
        if why := row.get("halted"):
            reasons.setdefault(why, []).append(row["name"])
    return reasons


def _text(value: object) -> str:
    return "-" if value is None else str(value)
