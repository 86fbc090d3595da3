"""`motcua rebuild`: read models rebuilt from the log; `--check` compares them with a rebuild."""

from __future__ import annotations

import importlib
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import takewhile
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from sqlalchemy import func, inspect, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.schema import DropSchema

from cli.formatting import print_json
from cli.options import JSON
from cli.printer import counted, failed, grid, out, progress_on
from cli.stack.plan import SERVICES
from cli.stack.service_settings import SETTINGS_OF
from infra.supervisor import state
from kernel.config.environment import load
from kernel.config.master_key import authenticator_of
from kernel.config.settings import Settings
from kernel.consumer.reading.log_reader import LogUnavailable
from kernel.eventsourcing.service_model import Model
from kernel.kafka.cluster import Cluster
from kernel.rebuild.rebuild import Rebuilt, check, rebuild
from kernel.rebuild.table_compare import EXAMPLES
from kernel.runtime.definition import ServiceDefinition
from kernel.storage.engines import open_engine

STOPPED_WITHIN = 30.0
SHOWN = 60
"""Characters of a value that are shown to people; ``--json`` has them all."""
_ONE_OF = f"One of {', '.join(SERVICES)}."


class Unpublished(Exception):
    """A database holds events that only it has; the text says how many."""


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
    """Make a service's database again from the log.

    The service is stopped meanwhile, and sends nothing twice. With --check the service goes on: a
    second database is built beside its own and every row compared. Rows that differ are shown, but
    nothing personal in them. Exit status 1 when a row differs.
    """
    if service not in SERVICES:
        raise typer.BadParameter(f"{service!r} is no service; there are {', '.join(SERVICES)}")
    try:
        if only_check:
            _report(check_service(service, rows), as_json=as_json)
            return
        done = rebuild_database(service)
    except (NothingThere, TimeoutError, Unpublished) as error:
        raise failed(str(error)) from error
    except LogUnavailable as error:
        raise failed(f"Kafka does not answer ({error}); is it running? (motcua status)") from error
    except DBAPIError as error:
        raise failed(_unreadable(service, error)) from error
    if as_json:
        print_json({"service": service, "events": done.events, "seconds": round(done.seconds, 3)})
    else:
        rate = done.events / max(done.seconds, 1e-9)
        out.print(
            f"{service}: {counted(done.events, 'event')} in {done.seconds:.1f} s ({rate:,.0f}/s)"
        )


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


def check_service(service: str, examples: int = EXAMPLES) -> dict[str, Any]:
    """Compare a service's database with one made from the log; return what scripts read.

    With up to ``examples`` rows that differ for each table.

    Raise ``NothingThere``.
    """
    given, model, cluster = _service(service)
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


def rebuild_database(service: str) -> Rebuilt:
    """Throw a service's database away and make it again.

    Raise ``TimeoutError`` when the service does not stop, and ``Unpublished``.
    """
    given, model, cluster = _service(service)
    with _stopped(given.data_dir.absolute(), service), _progress(f"rebuild {service}") as report:
        _check_published(given, model)
        if make_url(given.database_url).get_backend_name() != "sqlite":
            engine = open_engine(given.database_url, service)
            with engine.begin() as connection:
                connection.execute(DropSchema(service, cascade=True))
            engine.dispose()
            return rebuild(model, cluster, given.topic, given.database_url, progress=report)
        path = Path(make_url(given.database_url).database or "")
        fresh = path.with_name(f"{path.name}.rebuild")
        _remove(fresh)
        try:
            done = rebuild(model, cluster, given.topic, f"sqlite:///{fresh}", progress=report)
            _remove(path, keep_main=True)
            fresh.replace(path)
        finally:
            _remove(fresh)
        return done


def _check_published(given: Settings, model: Model) -> None:
    """Keep a database that has what the log does not have."""
    engine = open_engine(given.database_url, given.service)
    try:
        with engine.begin() as connection:
            outbox = model.tables.outbox
            if not inspect(connection).has_table(outbox.name):
                return
            left = connection.execute(select(func.count()).select_from(outbox)).scalar_one()
    finally:
        engine.dispose()
    if left:
        raise Unpublished(
            f"{left} event(s) of {given.service} are not in the log yet and would be lost; "
            "wait until `motcua status` shows an empty outbox"
        )


def _service(service: str) -> tuple[Settings, Model, Cluster]:
    define = importlib.import_module(f"services.{service}.definition").define
    try:
        given = load(SETTINGS_OF[service])
        definition: ServiceDefinition = define(given)
    except ValueError as error:
        raise failed(str(error), 2) from error
    stack = state.read_state(given.data_dir.absolute())
    servers = stack.get("kafka", {}).get("bootstrap") or given.kafka
    model = replace(definition.model, authenticator=authenticator_of(given))
    return given, model, replace(given.cluster, servers=servers)


@contextmanager
def _stopped(folder: Path, service: str) -> Iterator[None]:
    """Have the supervisor keep the service stopped during the block.

    Without a supervisor, nothing is to be stopped.
    """
    state.hold(folder, service)
    try:
        end = time.monotonic() + STOPPED_WITHIN
        while state.supervisor_pid(folder) is not None and _pid(folder, service) is not None:
            if time.monotonic() > end:
                raise TimeoutError(f"{service} does not stop")
            time.sleep(0.1)
        yield
    finally:
        state.release(folder, service)


def _pid(folder: Path, service: str) -> int | None:
    for program in state.read_state(folder).get("programs", []):
        if program["name"] == service:
            pid: int | None = program["pid"]
            return pid
    return None


def _remove(path: Path, *, keep_main: bool = False) -> None:
    """Remove an SQLite file with its -wal and -shm; with ``keep_main`` only these two."""
    for name in ("-wal", "-shm", *(() if keep_main else ("",))):
        path.with_name(path.name + name).unlink(missing_ok=True)


@contextmanager
def _progress(what: str) -> Iterator[Callable[[int, int], None]]:
    columns = (
        *(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()),
        *(
            TaskProgressColumn(show_speed=True),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
        ),
    )
    begun = time.monotonic()
    with progress_on(*columns) as progress:
        task = progress.add_task(what, total=None, rate="")

        def report(read: int, total: int) -> None:
            rate = f"{read / max(time.monotonic() - begun, 1e-6):,.0f}/s"
            progress.update(task, completed=read, total=total, rate=rate)

        yield report


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
