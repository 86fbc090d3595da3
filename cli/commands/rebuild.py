"""`motcua rebuild`: tables made again from the log; `--check` compares them with a rebuild."""

from __future__ import annotations

import importlib
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import takewhile
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, OperationalError

from cli.formatting import print_json
from cli.options import JSON
from cli.printer import counted, err, failed, grid, out, progress_on
from cli.stack.addresses import kafka_away
from cli.stack.own_broker import own_broker
from cli.stack.plan import SERVICES
from cli.stack.service_settings import SETTINGS_OF
from infra.kafka.jars import JarError
from infra.local.kafka import BrokerError
from infra.supervisor import state
from kernel.config.environment import load
from kernel.config.master_key import authenticator_of
from kernel.config.settings import Settings
from kernel.consumer.reading.log_comparison import LogDiffers
from kernel.consumer.reading.log_reader import LogDamaged, LogUnavailable
from kernel.eventsourcing.identities import OtherIdentity
from kernel.eventsourcing.service_model import Model
from kernel.kafka.cluster import Cluster
from kernel.rebuild.carry_over import NotOnLog, NotProven
from kernel.rebuild.check import check
from kernel.rebuild.place import HeldUp, RebuildRunning
from kernel.rebuild.rebuild import READING, Rebuilt, rebuild
from kernel.rebuild.table_compare import EXAMPLES
from kernel.runtime.definition import ServiceDefinition
from kernel.storage.engines import open_engine
from kernel.telemetry import logs

TOLD_EVERY = 5.0
"""Seconds between two lines about progress, where no bar is shown."""
SHOWN = 60
"""Characters of a value that are shown to people; ``--json`` has them all."""
_ONE_OF = f"One of {', '.join(SERVICES)}."


def rebuild_service(
    service: Annotated[str, typer.Argument(help=_ONE_OF)],
    only_check: Annotated[
        bool, typer.Option("--check", help="Build beside the live database and compare.")
    ] = False,
    rows: Annotated[
        int, typer.Option(min=0, help="With --check: how many rows that differ to show of a table.")
    ] = EXAMPLES,
    as_json: JSON = False,
) -> None:
    """Make a service's tables again from the log.

    They are made beside those in use and then put in their place; all processes of the service go
    on, wherever they run, and nothing is sent twice. With --check nothing is replaced: every row is
    compared. Rows that differ are shown, but nothing personal in them. Exit status 1 when a row
    differs.

    Where nothing runs on the data folder, its own broker is started for as long as this takes.
    """
    if service not in SERVICES:
        raise typer.BadParameter(f"{service!r} is no service; there are {', '.join(SERVICES)}")
    try:
        with own_broker() as servers:
            if only_check:
                _report(check_service(service, rows, servers), as_json=as_json)
                return
            done = rebuild_database(service, servers)
    except NothingThere as error:
        raise failed(str(error)) from error
    except OtherIdentity as error:
        raise failed(f"DATABASE_URL: {error}; put the right one in its place") from error
    except (NotProven, state.AlreadyRunning, BrokerError, JarError) as error:
        raise failed(str(error)) from error
    except (NotOnLog, LogDiffers, LogDamaged) as error:
        raise failed(
            f"{error}. `motcua log check` shows what is missing, `motcua log repair` gives it back"
        ) from error
    except RebuildRunning as error:
        raise failed(f"another rebuild or check of {service} is under way") from error
    except HeldUp as error:
        raise failed(
            f"a process of {service} did not let go of its tables; nothing was changed, try again"
        ) from error
    except LogUnavailable as error:
        raise failed(kafka_away(service_of(service)[2])) from error
    except DBAPIError as error:
        raise failed(_unreadable(service, error)) from error
    _tell(done, as_json=as_json)


def _tell(done: Rebuilt, *, as_json: bool) -> None:
    if as_json:
        numbers = {
            "service": done.service,
            "events": done.events,
            "seconds": round(done.seconds, 3),
            "held_seconds": round(done.held_seconds, 3),
            "unpublished": done.unpublished,
            "quarantined": done.quarantined,
        }
        print_json(numbers)
        return
    rate = done.events / max(done.seconds, 1e-9)
    events = f"{counted(done.events, 'event')} in {done.seconds:.1f} s ({rate:,.0f}/s)"
    out.print(f"{done.service}: {events}; commands waited for {done.held_seconds:.1f} s")
    if done.quarantined:
        records = counted(done.quarantined, "record")
        out.print(f"{records} in quarantine (motcua quarantine list {done.service})")


def _unreadable(service: str, error: DBAPIError) -> str:
    problem = f"the database of {service} does not answer ({error})"
    url = make_url(load(SETTINGS_OF[service]).database_url)
    if isinstance(error, OperationalError) or url.get_backend_name() != "sqlite":
        return problem
    return (
        f"{problem}: the file is damaged. Move {url.database} away, with its -wal and -shm, and "
        "the service makes it again from the log; events that were not on the log yet are lost "
        "with it"
    )


def _report(found: dict[str, Any], *, as_json: bool) -> None:
    print_json(found) if as_json else _show(found)
    if not found["equal"]:
        raise typer.Exit(1)


class NothingThere(Exception):
    """The service has no database yet; the text says what to do."""


def check_service(service: str, examples: int = EXAMPLES, servers: str = "") -> dict[str, Any]:
    """Compare a service's database with one made from the log; return what scripts read.

    With up to ``examples`` rows that differ for each table.

    Raise ``NothingThere``.
    """
    given, model, cluster = service_of(service, servers)
    url = make_url(given.database_url)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        raise NothingThere(f"{service} has no database yet: {url.database}")
    live = open_engine(given.database_url, service, read_only=True)
    try:
        with _progress(f"check {service}") as report:
            found = check(model, live, cluster, given.topic, report, examples=examples)
            return found.as_json()
    finally:
        live.dispose()


def rebuild_database(service: str, servers: str = "") -> Rebuilt:
    """Make a service's tables again and put them in the place of those in use."""
    given, model, cluster = service_of(service, servers)
    with _progress(f"{service}: {READING}") as report:

        def step(name: str) -> None:
            report.step(f"{service}: {name}")

        return rebuild(model, cluster, given.topic, given.database_url, progress=report, step=step)


def service_of(service: str, servers: str = "") -> tuple[Settings, Model, Cluster]:
    """Return a service's settings and model, and the brokers: ``servers``, or those of the running
    stack or of the environment.

    End the command with status 2 when the settings can't be used.
    """
    logs.on_stderr()
    define = importlib.import_module(f"services.{service}.definition").define
    try:
        given = load(SETTINGS_OF[service])
        definition: ServiceDefinition = define(given)
    except ValueError as error:
        raise failed(str(error), 2) from error
    stack = state.read_state(given.data_dir.absolute())
    servers = servers or stack.get("kafka", {}).get("bootstrap") or given.kafka
    model = replace(definition.model, authenticator=authenticator_of(given))
    return given, model, replace(given.cluster, servers=servers)


class _Report:
    """Shows people how far a rebuild is: by a bar on a terminal, elsewhere by a line now and
    then.
    """

    def __init__(self, progress: Progress, what: str) -> None:
        self._progress = progress
        self._task = progress.add_task(what, total=None, rate="")
        self._what = what
        self._begun = self._told = time.monotonic()

    def step(self, what: str) -> None:
        """Show what is done now."""
        self._what = what
        self._progress.update(self._task, description=what)

    def __call__(self, read: int, total: int) -> None:
        """Show how many records were read, of how many."""
        now = time.monotonic()
        rate = f"{read / max(now - self._begun, 1e-6):,.0f}/s"
        self._progress.update(self._task, completed=read, total=total, rate=rate)
        if self._progress.disable and now - self._told > TOLD_EVERY:
            self._told = now
            err.print(f"{self._what}: {read:,} of {total:,} records ({rate})")


@contextmanager
def _progress(what: str) -> Iterator[_Report]:
    columns = (
        *(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()),
        *(
            TaskProgressColumn(show_speed=True),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
        ),
    )
    with progress_on(*columns) as progress:
        yield _Report(progress, what)


def _show(found: dict[str, Any]) -> None:
    columns = ("table", "rows", "differences")
    lines = [
        (name, str(numbers["rows"]), str(numbers["differences"]))
        for name, numbers in found["tables"].items()
        if numbers["rows"] or numbers["differences"]
    ]
    out.print(grid(columns, lines, right=columns[1:]))
    _show_rows(found["tables"])
    word = "[green]equal[/]" if found["equal"] else "[red]different[/]"
    rate = found["events"] / max(found["seconds"], 1e-9)
    numbers = f"{counted(found['events'], 'event')} in {found['seconds']:.1f} s ({rate:,.0f}/s)"
    out.print(f"{found['service']}: {word}; {numbers}")


def _show_rows(tables: dict[str, Any]) -> None:
    columns = ("table", "row", "column", "live", "from the log")
    lines = [
        (name, _row(row["key"]), *cells)
        for name, numbers in tables.items()
        for row in numbers["examples"]
        for cells in _cells(row)
    ]
    if lines:
        out.print("")
        out.print(grid(columns, lines, whole=("table", "column")))
    for name, numbers in tables.items():
        if numbers["more"]:
            out.print(f"{name}: {counted(numbers['more'], 'more row differs', 'more rows differ')}")


def _row(key: dict[str, Any]) -> str:
    return ", ".join(f"{column}={value}" for column, value in key.items())


def _cells(row: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Return the column and the two values of each difference in a row."""
    if not (row["live"] and row["log"]):
        yield "", "" if row["live"] else "no row", "" if row["log"] else "no row"
    for column in row["columns"]:
        if "live" in column:
            yield column["column"], *_around_difference(column["live"], column["log"])
        else:
            yield column["column"], "differs", "differs"


def _around_difference(one: Any, other: Any) -> tuple[str, str]:
    """Return two values as JSON, which tells nothing from empty.

    Long ones from shortly before where they begin to differ.
    """
    a, b = (json.dumps(value, ensure_ascii=False) for value in (one, other))
    common = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(a, b, strict=False)))
    begin = 0 if max(len(a), len(b)) <= SHOWN else max(0, common - 10)
    return _excerpt(a, begin), _excerpt(b, begin)


def _excerpt(text: str, begin: int) -> str:
    end = begin + SHOWN
    return ("…" if begin else "") + text[begin:end] + ("…" if end < len(text) else "")
