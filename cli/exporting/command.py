"""`motcua export`: the events of dossiers, for process mining and spreadsheets."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final, TextIO

import typer
from motcua.audit.v1 import audit_pb2 as pb

from cli.exporting.ocel import write_ocel
from cli.exporting.spool import FACTS, ExportedDossier, spool
from cli.exporting.xes import write_xes
from cli.formatting import print_json
from cli.grpc_clients import identity
from cli.options import JSON, in_order, parse_instant
from cli.printer import counted, failed, out
from cli.rpc_errors import audit
from kernel.base.instants import isoformat, to_us
from kernel.base.spreadsheet_escape import escape_cell
from office.catalogue.dossier_code import OFFICE_ZONE

LONG: Final = 3600.0
COLUMNS: Final = (
    "dossier", *FACTS, "event_id", "type", "time", "step", "source",
    "actor_kind", "actor", "actor_unit",
)  # fmt: skip


class Format(StrEnum):
    """How the log is written."""

    xes = "xes"
    ocel = "ocel"
    csv = "csv"


def export(
    output: Annotated[Path, typer.Option(help="The file.")],
    form: Annotated[
        Format, typer.Option("--format", help="XES, OCEL 2.0 (JSON), or CSV, one event a line.")
    ],
    from_time: Annotated[str, typer.Option("--from", help="Begin with this instant.")] = "",
    to_time: Annotated[str, typer.Option("--to", help="End before this instant.")] = "",
    as_json: JSON = False,
) -> None:
    """Write the events of dossiers to a file, for process mining.

    Nothing personal of citizens is in it: sealed data is left out, and who citizens are. Officers
    stand by their ids. With --from or --to events outside are left out, and a dossier whose
    submission is has no procedure, unit or channel.
    """
    request = pb.StreamEventsRequest()
    if from_time:
        request.from_time.CopyFrom(parse_instant(from_time, "--from", begins=True))
    if to_time:
        request.to_time.CopyFrom(parse_instant(to_time, "--to"))
    if from_time and to_time:
        in_order(to_us(request.from_time), to_us(request.to_time))
    with spool() as events:
        with audit() as stub:
            events.fill(stub.StreamEvents(request, timeout=LONG, metadata=identity()))
        counter = _Counted(events.dossiers())
        try:
            _write(counter, form, output)
        except OSError as error:
            raise failed(f"{output}: {error.strerror}") from error
        done = {"dossiers": counter.count, "events": events.events, "file": str(output)}
    if as_json:
        print_json(done)
        return
    out.print(
        f"{counted(counter.count, 'dossier')}, {counted(events.events, 'event')} in {output}",
        markup=False,
    )


class _Counted:
    def __init__(self, dossiers: Iterable[ExportedDossier]) -> None:
        self._dossiers = dossiers
        self.count = 0

    def __iter__(self) -> Iterator[ExportedDossier]:
        for dossier in self._dossiers:
            self.count += 1
            yield dossier


def _write(dossiers: Iterable[ExportedDossier], form: Format, output: Path) -> None:
    if form is Format.xes:
        with output.open("wb") as binary:
            write_xes(dossiers, binary)
        return
    with output.open("w", encoding="utf-8", newline="") as text:
        if form is Format.ocel:
            write_ocel(dossiers, text)
        else:
            _write_csv(dossiers, text)


def _write_csv(dossiers: Iterable[ExportedDossier], file: TextIO) -> None:
    file.write("\ufeff")
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    for dossier in dossiers:
        facts = [dossier.facts.get(name, "") for name in FACTS]
        for event in dossier.events:
            cells = (
                dossier.code,
                *facts,
                event.event_id,
                event.type,
                isoformat(event.at, OFFICE_ZONE),
                event.step,
                event.source,
                event.actor_kind,
                event.actor,
                event.unit,
            )
            writer.writerow([escape_cell(cell) for cell in cells])
