"""`motcua files`: hand in, open and list the files of a dossier."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from motcua.intake.v1 import files_pb2 as pb
from motcua.intake.v1.files_pb2_grpc import FileServiceStub

from cli.commands.papers import transfer
from cli.commands.papers.callers import Citizen, Officer, Pin, Unit, signed_for
from cli.formatting import print_json
from cli.grpc_clients import Connection
from cli.message_json import document_of
from cli.options import JSON, as_code, must_be_writable, must_exist
from cli.printer import failed, grid, out
from cli.rpc_errors import failures
from office.content.kinds import ENDINGS, media_type_of

app = typer.Typer(help="Hand in, open and list the files of a dossier.", no_args_is_help=True)

Code = Annotated[str, typer.Argument(help="The dossier's code.")]
PartAndFile = Annotated[
    list[str],
    typer.Argument(help="The part of the procedure, which may be left out, and the file."),
]
_UPLOADS: Final = uuid.UUID("6f0f4a3c-2f0b-4d0f-9d3e-5a4c7b9e1d22")
"""The namespace of uploads' ids: the same file for the same place is the same upload."""


@app.command()
def put(
    code: Code,
    part_and_file: PartAndFile,
    officer: Officer = "",
    unit: Unit = "",
    citizen: Citizen = "",
    pin: Pin = "",
) -> None:
    """Add a file to a dossier. Repeated, it goes on where it was interrupted.

    Who calls is signed for by the local issuer (development), or named by MOTCUA_TOKEN; without
    either, an officer of the agency in the code with the account's name.
    """
    part, path = _part_and_file(part_and_file)
    must_exist(path, "FILE")
    kind = media_type_of(path.name)
    if kind is None:
        known = ", ".join(sorted(ENDINGS))
        raise typer.BadParameter(f"the name must end with one of {known}", param_hint="FILE")
    code = as_code(code)
    who = signed_for(code, officer, unit, citizen)
    try:
        with path.open("rb") as file:
            digest, size = transfer.sha256_of(file), file.tell()
    except OSError as error:
        raise failed(f"{path}: {error.strerror}") from error
    with _service() as stub:
        place = "\n".join((code, part, digest, officer, unit, citizen))
        head = pb.UploadHead(
            request_id=str(uuid.uuid5(_UPLOADS, place)),
            dossier_code=code,
            pin=pin,
            part=part,
            sha256=digest,
            size=size,
            media_type=kind,
        )
        try:
            transfer.upload(stub, head, lambda: path.open("rb"), who)
        except transfer.Changed:
            raise failed(f"{path} has changed while it was sent; please try again") from None
    out.print(digest, markup=False, whole_lines=True)


@app.command()
def get(
    code: Code,
    part_and_file: PartAndFile,
    sha256: Annotated[str, typer.Option(help="Which file, where a part has several.")] = "",
    officer: Officer = "",
    unit: Unit = "",
    citizen: Citizen = "",
    pin: Pin = "",
) -> None:
    """Write a file of a dossier to FILE. Repeated, it goes on where it was interrupted.

    FILE is there only whole, with the SHA-256 that the record names.
    """
    part, path = _part_and_file(part_and_file)
    must_be_writable(path, "FILE")
    code, who = as_code(code), signed_for(code, officer, unit, citizen)
    with _service() as stub:
        found = _chosen(_files(stub, code, pin, who), part, sha256)
        partial = path.with_name(f"{path.name}.{found.sha256[:16]}.part")
        request = pb.DownloadFileRequest(dossier_code=code, pin=pin, sha256=found.sha256)
        try:
            transfer.download(stub, request, found.size, partial, who)
            _accept(partial, found.sha256, path)
        except OSError as error:  # such as a full disk
            raise failed(f"{partial}: {error.strerror}") from error
    out.print(str(path), markup=False, whole_lines=True)


@app.command("list")
def list_files(
    code: Code,
    officer: Officer = "",
    unit: Unit = "",
    citizen: Citizen = "",
    pin: Pin = "",
    as_json: JSON = False,
) -> None:
    """List the files of a dossier, the oldest first."""
    code = as_code(code)
    with _service() as stub:
        found = _files(stub, code, pin, signed_for(code, officer, unit, citizen))
    if as_json:
        print_json({"files": [document_of(file) | {"size": file.size} for file in found]})
        return
    rows = [(file.part, str(file.size), file.media_type, file.sha256) for file in found]
    out.print(grid(("part", "bytes", "media type", "sha256"), rows, whole=("sha256",)))


def _accept(partial: Path, sha256: str, path: Path) -> None:
    """Rename what came if it is the file."""
    with partial.open("rb") as file:
        if transfer.sha256_of(file) != sha256:
            partial.unlink()
            raise failed("what came is not the file of the record; please try again")
    os.replace(partial, path)


def _part_and_file(given: list[str]) -> tuple[str, Path]:
    if len(given) > 2:
        raise typer.BadParameter("name a part and a file at most", param_hint="FILE")
    return given[0] if len(given) == 2 else "", Path(given[-1])


def _files(stub: Any, code: str, pin: str, who: Any) -> list[pb.FileInfo]:
    request = pb.ListFilesRequest(dossier_code=code, pin=pin)
    return list(stub.ListFiles(request, timeout=30, metadata=who).files)


def _chosen(files: list[pb.FileInfo], part: str, sha256: str) -> pb.FileInfo:
    fitting = [f for f in files if f.part == part or not part]
    fitting = [f for f in fitting if f.sha256 == sha256.lower() or not sha256]
    if len(fitting) != 1:
        what = "no file" if not fitting else f"{len(fitting)} files"
        raise failed(f"{what} of the dossier fit; see motcua files list, and name one by --sha256")
    return fitting[0]


@contextmanager
def _service() -> Iterator[Any]:
    with failures("intake"), Connection("intake") as connection:
        yield FileServiceStub(connection.channel)
