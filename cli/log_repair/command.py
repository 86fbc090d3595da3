"""`motcua log check` and `motcua log repair`: what the log lacks, and how it gets it back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from kafka.errors import KafkaError
from sqlalchemy.exc import DBAPIError

from cli.commands.rebuild import service_of
from cli.formatting import print_json
from cli.log_repair.content import NothingHeld, Origin
from cli.log_repair.held import open_databases
from cli.log_repair.plan import Planner
from cli.log_repair.proof import differences
from cli.log_repair.repair import (
    CannotRepair,
    forget_waiting,
    moves,
    note,
    planned,
    put_positions_back,
    require_stopped,
    reserved,
    write,
)
from cli.operator_name import operator_name
from cli.options import JSON
from cli.printer import count_progress, counted, err, failed, grid, out
from cli.stack.addresses import kafka_away
from cli.stack.plan import SERVICES
from cli.stack.stopped import StillRunning, stopped
from kernel.consumer.reading.log_reader import LogDamaged, LogUnavailable
from kernel.kafka.cluster import Cluster
from kernel.kafka.exact_writer import OffsetTaken
from kernel.kafka.topics import TopicError, ensure_topics, events_topic
from kernel.rebuild.place import RebuildRunning

app = typer.Typer(no_args_is_help=True, help="Compare the log with the services, and mend it.")


@contextmanager
def _explained(cluster: Cluster) -> Iterator[None]:
    try:
        yield
    except (
        CannotRepair, NothingHeld, OffsetTaken, StillRunning, TopicError, TimeoutError
    ) as error:  # fmt: skip
        raise failed(str(error)) from error
    except RebuildRunning as error:
        raise failed("a rebuild or a check is under way: wait for it and try again") from error
    except LogDamaged as error:
        raise failed(f"{error}; mend it or name another topic") from error
    except (LogUnavailable, KafkaError) as error:
        raise failed(kafka_away(cluster)) from error
    except DBAPIError as error:
        raise failed(f"a database does not answer ({error})") from error


@app.command("check")
def check(as_json: JSON = False) -> None:
    """Compare the log with what the services hold of it. Nothing is changed, and services may run.

    Exit status 1 when the log lacks something, or is another one than that which was read.
    """
    settings, _, cluster = service_of("audit")
    with _explained(cluster), planned(cluster, settings.topic, settings.topic) as planner:
        document = _document(planner)
        waiting = sum(document["waiting"].values())
        document["ok"] = not planner.plan.differs and planner.plan.to_write <= waiting
        if as_json:
            print_json(document)
        else:
            _show(document)
            if document["ok"]:
                out.print(f"{settings.topic} holds all that the services hold")
            else:
                out.print(
                    f"{settings.topic} is not whole; motcua log repair shows what can be done"
                )
    if not document["ok"]:
        raise typer.Exit(1)


@app.command("repair")
def repair(
    to: Annotated[
        str, typer.Option(help="A new topic, where the present one can't be refilled.")
    ] = "",
    plan: Annotated[str, typer.Option(help="Carry out the plan of this name.")] = "",
    approved_by: Annotated[str, typer.Option(help="Who else has seen the plan and agrees.")] = "",
    as_json: JSON = False,
) -> None:
    """Refill a log that has lost records, from what the services hold.

    Shows the plan alone at first. With --plan and --approved-by it is carried out: the services are
    stopped meanwhile, and in the end log and databases are compared. Killed, run it again. No topic
    is ever removed.
    """
    settings, _, cluster = service_of("audit")
    target = to or settings.topic
    if not plan:
        with _explained(cluster), planned(cluster, settings.topic, target) as planner:
            document = _document(planner)
        if as_json:
            print_json(document)
        else:
            _show(document)
            _say_how(document, to)
        if document["refused"]:
            raise typer.Exit(1)
        return
    names = _two_people(approved_by)
    folder = settings.data_dir.absolute()
    with _explained(cluster), ExitStack() as held:
        for service in SERVICES:
            held.enter_context(stopped(folder, service))
        document = _carry_out(cluster, settings.topic, target, plan, folder, names)
    if as_json:
        print_json(document)
    else:
        out.print(f"{counted(document['written'], 'record')} written; {target} is whole again")
        if to:
            out.print(f"start the services with MOTCUA_TOPIC={to} from now on")


def _two_people(approved_by: str) -> dict[str, str]:
    by, other = operator_name(), " ".join(approved_by.split())
    if not other:
        raise typer.BadParameter("a second person has to agree", param_hint="--approved-by")
    if by.casefold() == other.casefold():
        raise typer.BadParameter(f"must be somebody else than {by}", param_hint="--approved-by")
    return {"by": by, "approved_by": other}


def _carry_out(
    cluster: Cluster, topic: str, target: str, plan_id: str, folder: Path, names: dict[str, str]
) -> dict[str, Any]:
    with open_databases() as databases:
        require_stopped(databases)
    with planned(cluster, topic, target) as planner:
        made = planner.plan
        if made.refusals:
            raise CannotRepair("; ".join(made.refusals))
        if made.plan_id != plan_id:
            raise CannotRepair(
                f"what is to be done has changed: it is plan {made.plan_id} now, look at it first"
            )
        entry = {"plan": plan_id, "topic": topic, "target": target, **names}
        note(folder, entry | {"at": _now(), "what": "begun", "to_write": made.to_write})
        with reserved(planner.databases), count_progress("write") as report:
            put_positions_back(planner.databases, made)
            if target != topic:
                ensure_topics(cluster, topics=[events_topic(target)])
            write(cluster, planner, lambda done: report(done, made.to_write))
            forget_waiting(planner.databases, made)
        written = made.to_write
    with planned(cluster, topic, target) as planner:
        if planner.plan.to_write or planner.plan.plan_id != plan_id:
            raise CannotRepair(f"{target} does not hold what was planned; plan again")
        err.print("comparing the log with the databases …")
        found = differences(planner.databases, cluster, target)
    note(folder, entry | {"at": _now(), "what": "done", "written": written, "differences": found})
    if found:
        raise CannotRepair(f"{target} holds all again, but {'; '.join(found)}")
    return entry | {"written": written, "ok": True}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _document(planner: Planner) -> dict[str, Any]:
    plan = planner.plan
    return {
        "plan": plan.plan_id,
        "topic": plan.topic,
        "target": plan.target,
        "differs": plan.differs,
        "records": [
            {
                "from": origin.value,
                "source": source,
                "records": count,
                "streams": len(plan.streams.get((origin, source), ())),
            }
            for (origin, source), count in sorted(plan.records.items())
        ],
        "to_write": plan.to_write,
        "waiting": {name: n for name, each in planner.databases.items() if (n := each.waiting())},
        "positions": {
            service: len(changes) for service, changes in moves(planner.databases, plan).items()
        },
        "without_database": plan.missing,
        "refused": plan.refusals,
    }


def _show(document: dict[str, Any]) -> None:
    for line in document["differs"]:
        out.print(line, markup=False)
    columns = ("events of", "from", "records", "streams")
    rows = [
        (
            row["source"] or "-",
            row["from"],
            str(row["records"]),
            "-" if row["from"] == Origin.LOG else str(row["streams"]),
        )
        for row in document["records"]
    ]
    out.print(grid(columns, rows, right=columns[2:]))
    for service, count in document["waiting"].items():
        out.print(f"{counted(count, 'event')} of {service} not published yet")
    for service, count in document["positions"].items():
        out.print(f"{service} has to read {counted(count, 'partition')} again in part")
    for service in document["without_database"]:
        out.print(f"{service} has no database: its events come from audit's record alone")


def _say_how(document: dict[str, Any], to: str) -> None:
    if document["refused"]:
        for line in document["refused"]:
            err.print(line, style="red", markup=False)
        return
    if not document["to_write"] and not document["positions"]:
        out.print("nothing is to be repaired")
        return
    target, plan = document["target"], document["plan"]
    option = f" --to {to}" if to else ""
    out.print(
        f"{counted(document['to_write'], 'record')} to be written to {target}; nothing has been "
        "done yet. When a second person agrees:"
    )
    out.print(f"  motcua log repair{option} --plan {plan} --approved-by NAME", whole_lines=True)
