"""`make demo`: a working week at a province's one-stop centre, on a real Kafka and five service
processes.

People use the public gRPC interfaces only. What they were answered is counted apart and compared
with what the system reports in the end: any difference is exit status 1.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from datetime import time as clock_time
from pathlib import Path

import grpc
from rich.progress import BarColumn, TextColumn

from cli.grpc_clients import open_channel
from cli.options import OFFICE
from cli.printer import err, fail, out, progress_on
from cli.settings import settings
from demo.local_stack import NotRunning, PartnerProcesses, begin, environment, opening, stack
from demo.results.final_report import finish, print_next_steps
from demo.results.own_count import OwnCount
from demo.settings import DemoSettings, above_zero
from demo.week.dossier_life import Week
from demo.week.office_client import OfficeClient
from demo.week.scenario import FRIDAY, draw, instant
from kernel.auth.issuer import LocalIssuer
from kernel.base.clock import Clock, parse_clock
from kernel.base.instants import to_datetime
from kernel.config.environment import load

SPEED = 4500.0
SEED = 2021
OPTIONS = (("grpc.max_receive_message_length", 4 * 1024 * 1024),)


def arguments() -> argparse.Namespace:
    """Read the command line; raise ``ValueError`` naming the variables that are wrong."""
    given = load(DemoSettings)
    parser = argparse.ArgumentParser(prog="demo", description=__doc__)
    parser.add_argument("--dossiers", type=_above_zero, default=given.scale)
    parser.add_argument("--speed", type=float, default=SPEED, help="times as fast as real time")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument(
        "--verbose", action="store_true", help="more figures, and two dossiers in full"
    )
    default = given.data_dir / "demo"
    parser.add_argument("--folder", type=Path, default=default, help="made anew")
    return parser.parse_args()


def _above_zero(text: str) -> int:
    try:
        return above_zero(text)
    except ValueError as error:  # argparse would leave its text out
        raise argparse.ArgumentTypeError(str(error)) from error


async def week(given: argparse.Namespace, clock: Clock, own_count: OwnCount) -> int:
    """Play the week, and return the number of dossiers that could not be played to their end."""
    closes = instant(FRIDAY, clock_time(17, 0))
    async with (
        open_channel(grpc.aio, "intake", options=OPTIONS) as intake,
        open_channel(grpc.aio, "routing", options=OPTIONS) as routing,
    ):
        client = OfficeClient(intake, routing, own_count, LocalIssuer.of(settings()))
        filings = draw(await client.offers(), given.dossiers, given.seed)
        play = Week(client, own_count, clock, given.speed, closes)
        tasks = [asyncio.create_task(play.live(filing)) for filing in filings]
        await _watch(clock, tasks, own_count, closes)
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    failures = [o for o in outcomes if isinstance(o, BaseException)]
    for failure in failures[:10]:
        err.print(f"  [red]{type(failure).__name__}: {failure}[/]", markup=True)
    return len(failures)


async def _watch(
    clock: Clock, tasks: list[asyncio.Task[None]], own_count: OwnCount, closes: int
) -> None:
    """Show the week passing: a bar on a terminal, a line a day in a log."""
    opens = clock.now()
    day = summary = ""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=40),
        TextColumn("{task.fields[done]}"),
    )
    with progress_on(*columns) as progress:
        bar = progress.add_task("", total=max(1, closes - opens), done="")
        while not all(task.done() for task in tasks):
            now = to_datetime(clock.now(), OFFICE)
            done = _so_far(own_count)
            progress.update(
                bar, completed=clock.now() - opens, description=f"{now:%a %d/%m %H:%M}", done=done
            )
            if not err.is_terminal:
                today = f"{now:%A %d/%m/%Y}"
                if day and today != day:
                    err.print(f"  by the end of {day}: {summary}")
                day, summary = today, done
            await asyncio.sleep(0.25)
    if not err.is_terminal:
        err.print(f"  by the end of {day}: {_so_far(own_count)}")


def _so_far(own_count: OwnCount) -> str:
    resolved = sum(entry.resolved_at is not None for entry in own_count.entries)
    return f"{len(own_count.entries)} in, {resolved} resolved"


def main() -> int:
    """Run the demonstration, and return the exit status."""
    try:
        given = arguments()
    except ValueError as error:
        fail(str(error))
        return 2
    given.folder = given.folder.absolute()
    begun = time.monotonic()
    env = environment(given.folder, given.speed, opening())
    out.print("[bold]Một Cửa[/]: a working week at the one-stop centre, 9 to 13 August 2021")
    out.print(
        f"{given.dossiers} dossiers; one second is {given.speed / 60:.0f} minutes of the office\n"
    )
    err.print("  starting a broker, a mail sink and five services")
    own_count = OwnCount()
    clock = parse_clock(env["MOTCUA_CLOCK"])
    try:
        with stack(given.folder, env):
            ready = time.monotonic() - begun
            err.print(f"  broker, mail sink and five services ready in {ready:.1f} s")
            begin(given.folder, env)
            partners = PartnerProcesses(given.folder, env, given.seed)
            failures = asyncio.run(week(given, clock, own_count))
            passed = finish(given.folder, own_count, partners, verbose=given.verbose)
    except NotRunning as error:
        err.print(f"[red]{error}[/]")
        return 1
    if failures:
        err.print(f"[red]{failures} dossiers could not be played to their end[/]")
    print_next_steps(given.folder, own_count, clock.now())
    out.print(f"\n{time.monotonic() - begun:.0f} s in all; logs and data are in {given.folder}")
    return 0 if passed and not failures else 1


if __name__ == "__main__":
    sys.exit(main())
