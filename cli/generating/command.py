"""`motcua generate half-year`: another system's log with a province's published figures."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from cli.formatting import print_json
from cli.generating.figures import FIRST, LAST, scaled
from cli.generating.half_year import GeneratedDossier, half_year
from cli.options import JSON
from cli.printer import counted, failed, out
from office.catalogue.loader import shipped_catalogue
from office.worktime.calendars.vietnam import state_office

app = typer.Typer(no_args_is_help=True, help="Make up logs of other systems, for trials.")
COLUMNS: Final = (
    "case", "channel", "unit", "procedure", "started", "due", "ended", "activity", "time", "group",
    "result",
)  # fmt: skip
CHANNELS: Final = {"online": "Trực tuyến", "counter": "Trực tiếp", "post": "Bưu chính"}
RECEIVING: Final = "Tiếp nhận hồ sơ"
RESOLVING: Final = "Giải quyết hồ sơ"
GRANTED: Final = "Đồng ý"
_MAPPING: Final = """\
# A made-up half-year of a province (motcua generate half-year): one row for each dossier.

[source]
name = "half-year-{seed}"
format = "csv"
time_zone = "Asia/Ho_Chi_Minh"

[columns]
{columns}

[channels]
{channels}
"""


@app.callback()
def generate() -> None:
    """Make up logs of other systems, for trials."""


@app.command("half-year")
def generate_half_year(
    output: Annotated[Path, typer.Option(help="The folder for the log and its mapping.")],
    scale: Annotated[
        float, typer.Option(min=0.001, max=10, help="Times the published figures.")
    ] = 1.0,
    seed: Annotated[int, typer.Option(help="The same seed gives the same dossiers.")] = 2021,
    as_json: JSON = False,
) -> None:
    """Make up a province's half-year of dossiers, to be imported.

    From January to June 2021, with the published figures: 74,278 dossiers, 8,180 of them carried
    over, 3,215 received online, 65,466 resolved, 92.3 % of these early or on time.
    """
    dossiers = half_year(scaled(scale), shipped_catalogue(), state_office(), seed)
    log, mapping = output / "half-year.csv", output / "half-year.toml"
    try:
        output.mkdir(parents=True, exist_ok=True)
        with log.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            writer.writerows(_rows(dossiers))
        mapping.write_text(_mapping(seed), encoding="utf-8")
    except OSError as error:
        raise failed(f"{error.filename or output}: {error.strerror}") from error
    done: dict[str, Any] = {
        "dossiers": len(dossiers),
        "first": FIRST.isoformat(),
        "last": LAST.isoformat(),
        "log": str(log),
        "mapping": str(mapping),
    }
    if as_json:
        print_json(done)
        return
    out.print(f"{counted(len(dossiers), 'dossier')} in {log}", markup=False)
    out.print(f"motcua import {log} --mapping {mapping}", markup=False, whole_lines=True)
    out.print(f"motcua report --from {FIRST} --to {LAST}", markup=False, whole_lines=True)


def _rows(dossiers: Iterable[GeneratedDossier]) -> Iterable[tuple[str, ...]]:
    for number, dossier in enumerate(dossiers, 1):
        ended = "" if dossier.ended is None else dossier.ended.isoformat()
        yield (
            f"HG-2021-{number:06}",
            CHANNELS[dossier.channel],
            dossier.unit,
            dossier.procedure,
            dossier.received.isoformat(),
            dossier.due.isoformat(),
            ended,
            RESOLVING if ended else RECEIVING,
            ended or dossier.received.isoformat(),
            dossier.unit,
            GRANTED if ended else "",
        )


def _mapping(seed: int) -> str:
    columns = "\n".join(f'{name} = "{name}"' for name in COLUMNS)
    channels = "\n".join(f'"{word}" = "{channel}"' for channel, word in CHANNELS.items())
    return _MAPPING.format(seed=seed, columns=columns, channels=channels)
