"""The routing service: `python -m services.routing.main`."""

from __future__ import annotations

from services.kernel.calendars import publishing
from services.kernel.calendars.shelf import office_shelf
from services.kernel.model import Model
from services.kernel.service import Parts, Runtime, refuse, run
from services.kernel.watches import Watch
from services.people.files import DirectoryError
from services.people.shelf import configured
from services.routing import decider, rpc, tables, views
from services.routing.checking import known_units
from services.routing.clock.ladder_files import LadderError, configured_ladders
from services.routing.missing import watch_processes
from services.routing.office import Office
from services.routing.process_files import ProcessError, standard_processes
from services.routing.reactions import reactions_of
from services.routing.teamwork.watch import watch_timers
from services.routing.watches import watch_deadlines


def _office() -> Office:
    """Read the office's own files; a wrong one ends the program, as any wrong setting does."""
    people = configured(tables.SOURCE)
    try:
        ladders = configured_ladders(known_units(people() if people else None))
        return Office(standard_processes(), office_shelf, ladders, people)
    except (ProcessError, LadderError, DirectoryError) as wrong:
        if __name__ == "__main__":
            refuse(tables.SOURCE, wrong)
        raise


OFFICE = _office()
MODEL = Model(
    source=tables.SOURCE,
    tables=tables.KERNEL,
    projections=views.PROJECTIONS,
    reactions=reactions_of(OFFICE),
    initial=decider.INITIAL,
    evolve=decider.evolve,
    by_dossier=[tables.CASES, tables.WORK, tables.DEADLINES, tables.TIMERS],
)


def build(runtime: Runtime) -> Parts:
    """Put the service together; raises ``CalendarError`` for a shelf that can't be used."""
    publishing.keep(office_shelf().folder, office_shelf().shipped)
    servicer = rpc.RoutingServicer(runtime.commands, runtime.reads, runtime.clock, OFFICE, MODEL)
    return Parts(
        servicers=[rpc.service(servicer)],
        watches=[
            Watch("deadlines", 1.0, watch_deadlines(OFFICE)),
            Watch("timers", 1.0, watch_timers(OFFICE)),
            Watch("processes", 3600.0, watch_processes(OFFICE)),
        ],
    )


if __name__ == "__main__":
    run(tables.SOURCE, MODEL, build)
