"""`motcua proof` and `motcua checkpoint`: what the ledger proves, as files for others."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from motcua.audit.v1 import audit_pb2 as pb
from rich.table import Table

from cli.formatting import iso, print_json
from cli.grpc_clients import identity
from cli.options import JSON
from cli.printer import counted, err, failed, grid, out
from cli.rpc_errors import audit
from kernel.ledger import checkpoint as checkpoints
from kernel.ledger.checkpoint import checkpoint_of
from kernel.ledger.merkle import is_consistent
from kernel.ledger.signed_note import BadNote, parse

FORMAT: Final = "motcua-proof/1"
CHECKPOINT_FILE = Annotated[
    Path | None,
    typer.Option(
        "--checkpoint",
        metavar="FILE",
        help="Checkpoints that `motcua checkpoint` wrote earlier.",
    ),
]
_OUTPUT = Annotated[
    Path | None, typer.Option("--output", metavar="FILE", dir_okay=False, help="Into this file.")
]


def text_of(file: Path | None) -> str:
    """Return the text of a file; "" for none."""
    if file is None:
        return ""
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"{file} can't be read as text", param_hint="FILE") from error


def proof(
    code: Annotated[str, typer.Argument(help="The dossier's code.")],
    checkpoint: CHECKPOINT_FILE = None,
    output: _OUTPUT = None,
    kind: Annotated[
        str, typer.Option(help="The kind of what CODE names, such as officer.")
    ] = "dossier",
    as_json: JSON = False,
) -> None:
    """Prove that a dossier's events stand in the ledger.

    By the newest checkpoints, or by those of a file; tools/verify_proof.py checks the proof
    without the system. Exit status 1 while one of the events is in no checkpoint.
    """
    request = pb.GetInclusionProofRequest(
        dossier_code=code, stream_kind=kind, checkpoint=text_of(checkpoint)
    )
    with audit() as stub:
        answer = stub.GetInclusionProof(request, timeout=60, metadata=identity())
    document = proof_document(code, answer)
    if output is not None:
        output.write_text(json.dumps(document, indent=1) + "\n", "utf-8")
    if as_json:
        print_json(document)
    elif output is None:
        out.print(_entries(answer))
    missing = sum(not entry.proof for entry in answer.entries)
    proven = counted(len(answer.entries) - missing, "event")
    err.print(f"{proven} of {code} proven" + (f", {missing} in no checkpoint" if missing else ""))
    if missing:
        raise typer.Exit(1)


def proof_document(code: str, answer: pb.GetInclusionProofResponse) -> dict[str, Any]:
    """Return proofs in the form of a file."""
    return {
        "format": FORMAT,
        "code": code,
        "keys": list(answer.keys),
        "entries": [
            {
                "partition": entry.partition,
                "offset": entry.offset,
                "type": entry.type,
                "event_id": entry.event_id,
                "event": base64.b64encode(entry.body).decode(),
                "proof": entry.proof,
            }
            for entry in answer.entries
        ],
    }


def _entries(answer: pb.GetInclusionProofResponse) -> Table:
    rows = [
        (str(entry.partition), str(entry.offset), entry.type, _proven_by(entry))
        for entry in answer.entries
    ]
    return grid(("partition", "offset", "type", "proven by"), rows, right=("partition", "offset"))


def _proven_by(entry: pb.ProvenEvent) -> str:
    if not entry.proof:
        return "no checkpoint yet"
    head = checkpoint_of(parse(entry.proof.split("\n\n", 1)[1]))
    return f"{head.origin}, {head.size}"


def checkpoint(
    output: _OUTPUT = None,
    since: Annotated[
        Path | None,
        typer.Option(
            "--since",
            metavar="FILE",
            help="Prove that the newest continue the checkpoints of this file.",
        ),
    ] = None,
    as_json: JSON = False,
) -> None:
    """Print the newest signed checkpoints of the ledger.

    There is one note for each partition of the log. Whoever keeps them elsewhere can show later
    whether history was rewritten (motcua verify --checkpoint).
    """
    earlier = text_of(since)
    with audit() as stub:
        answer = stub.GetCheckpoint(pb.GetCheckpointRequest(), timeout=60, metadata=identity())
    notes = checkpoints.join(parse(each.note) for each in answer.checkpoints)
    if output is not None:
        output.write_text(notes, "utf-8")
    if as_json:
        print_json([_described(each) for each in answer.checkpoints])
    elif output is None:
        print(notes, end="")
    if earlier:
        _prove_since(earlier)


def _described(signed: pb.SignedCheckpoint) -> dict[str, Any]:
    return {
        "partition": signed.partition,
        "size": signed.size,
        "root": base64.b64encode(signed.root).decode(),
        "signed_at": iso(signed.signed_at),
        "keys": list(signed.keys),
        "cosignatures": [
            {"witness": each.witness, "at": iso(each.at)} for each in signed.cosignatures
        ],
        "note": signed.note,
    }


def _prove_since(text: str) -> None:
    """Check that the newest checkpoints continue those in a text; exit status 1 when not."""
    with audit() as stub:
        request = pb.GetConsistencyProofRequest(checkpoint=text)
        answer = stub.GetConsistencyProof(request, timeout=60, metadata=identity())
    try:
        old = [checkpoint_of(note) for note in checkpoints.split(text)]
    except BadNote as error:
        raise failed(str(error)) from error
    proofs = {proof.partition: proof for proof in answer.proofs}
    by_origin = {checkpoint_of(parse(proof.note)).origin: proof for proof in proofs.values()}
    for head in old:
        proof = by_origin.get(head.origin)
        new = None if proof is None else checkpoint_of(parse(proof.note))
        if (
            proof is None
            or new is None
            or not is_consistent(head.size, head.root, new.size, new.root, proof.hashes)
        ):
            raise failed(f"{head.origin} does not continue its checkpoint of {head.size}")
        err.print(f"{head.origin}: {new.size} continues {head.size}")
