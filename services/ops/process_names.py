"""The processes as they are installed here: those that ship and the office's own."""

from __future__ import annotations

import typer

from services.ops.console import fail
from services.routing.process import Processes
from services.routing.process_files import ProcessError, standard_processes


def office_processes() -> Processes:
    """Read them; ends the program with a line for each mistake when they can't be used."""
    try:
        return standard_processes()
    except ProcessError as error:
        for mistake in error.mistakes:
            fail(str(mistake))
        fail("the office's processes can't be used (motcua process check)")
        raise typer.Exit(1) from error


def process_names() -> frozenset[str]:
    """List the names that a procedure may have as its process."""
    return frozenset(process.name for process in office_processes().all())
