"""The `motcua` command. Exit status: 0 success, 1 the check or work failed, 2 wrong usage."""

from __future__ import annotations

import logging
import os
from importlib import import_module
from importlib.metadata import version
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_group

_COMMANDS = {
    "up": "commands.stack:up",
    "down": "commands.stack:down",
    "status": "commands.stack:status",
    "token": "commands.token:token",
    "call": "commands.call:call",
    "people": "commands.people:app",
    "import": "importing.command:import_log",
    "generate": "generating.command:app",
    "report": "commands.report.command:app",
    "pauses": "commands.report.pauses:pauses",
    "what-if": "commands.report.what_if:what_if",
    "timeline": "commands.dossier:timeline",
    "state": "commands.dossier:state",
    "mails": "commands.mails:mails",
    "form": "commands.papers.form:form",
    "files": "commands.papers.files:app",
    "conflicts": "commands.dossier:conflicts",
    "contradictions": "commands.contradictions:contradictions",
    "deadlines": "commands.deadlines:app",
    "replay": "replaying.command:replay",
    "export": "exporting.command:export",
    "rebuild": "commands.rebuild:rebuild_service",
    "verify": "commands.record.verify:verify",
    "proof": "commands.record.ledger:proof",
    "checkpoint": "commands.record.ledger:checkpoint",
    "calendar": "commands.calendar.calendar:app",
    "procedures": "commands.catalogue.procedures:app",
    "codes": "commands.catalogue.codes:app",
    "process": "commands.catalogue.process:app",
    "quarantine": "commands.quarantine:app",
    "archive": "commands.record.archive:archive",
    "restore": "commands.record.archive:restore",
    "log": "log_repair.command:app",
    "topic": "stack.topic:app",
}
"""Where each command is, below this package: a function, or a Typer of several."""
_LOOKS = {"rich_markup_mode": None, "add_completion": False, "pretty_exceptions_enable": False}


class _Group(TyperGroup):
    """Imports a command when it is asked for: the supervisor does without the others."""

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]
        return list(_COMMANDS)

    def get_command(self, ctx: typer.Context, cmd_name: str):  # type: ignore[no-untyped-def,override]
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name].partition(":")
        found = getattr(import_module(f"cli.{module}"), name)
        around = typer.Typer(**_LOOKS)  # type: ignore[arg-type]
        if isinstance(found, typer.Typer):
            around.add_typer(found, name=cmd_name)
        else:
            around.command(cmd_name)(found)
        command = get_group(around).commands[cmd_name]
        _name_arguments(command)
        return command

    def invoke(self, ctx: typer.Context) -> Any:  # type: ignore[override]
        """Run a command; show what is wrong with an option without the validator's name for it."""
        try:
            return super().invoke(ctx)
        except typer.BadParameter as wrong:
            wrong.message = wrong.message.removeprefix("Value error, ")
            raise


def _name_arguments(command: Any) -> None:
    """Have usage texts name arguments as FILE, and as [SERVICE] where one may be left out."""
    for inner in getattr(command, "commands", {}).values():
        _name_arguments(inner)
    for param in command.params:
        if param.param_type_name == "argument":
            param.metavar = (param.metavar or param.name).strip("[]").upper()
            shown = param.metavar + ("..." if param.nargs != 1 else "")
            usage = [shown if param.required else f"[{shown}]"]
            param.get_usage_pieces = lambda _ctx, usage=usage: usage


app = typer.Typer(
    cls=_Group,
    no_args_is_help=True,
    help="Run, look into and prove the dossier-processing system.",
    **_LOOKS,  # type: ignore[arg-type]
)


def _print_version(asked: bool) -> None:
    if asked:
        print(f"motcua {version('motcua')}")
        raise typer.Exit


@app.callback()
def _motcua(
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line. What it writes only its user can read: databases that are made anew,
    rejected rows of an import, logs.
    """
    os.umask(0o077)
    _quiet_clients()
    app()


def _quiet_clients() -> None:
    """Keep the lines of Kafka's clients off the terminal: they try again by themselves, and what
    fails in the end a command tells in its own words.
    """
    for name in ("aiokafka", "kafka"):
        client = logging.getLogger(name)
        client.addHandler(logging.NullHandler())
        client.propagate = False


if __name__ == "__main__":
    main()
