"""`motcua contradictions`: reports that contradict earlier ones, from the record."""

from __future__ import annotations

from motcua.audit.v1 import audit_pb2 as pb

from cli.commands.dossier import AS_OF, KNOWN_AT, entry_document, happened
from cli.formatting import ZONE, moment, print_json
from cli.grpc_clients import pages
from cli.options import JSON, put_times
from cli.printer import grid, out
from cli.rpc_errors import audit


def contradictions(as_of: AS_OF = "", known_at: KNOWN_AT = "", as_json: JSON = False) -> None:
    """List reports of partners that contradict an earlier one.

    Such as a return after the delivery. The earlier one stands; somebody has to ask the partner
    (`motcua conflicts` lists whom, of what is so now).
    """
    request = pb.ListContradictionsRequest(page_size=500)
    put_times(request, as_of, known_at)
    found: list[pb.Contradiction] = []
    with audit() as stub:
        for page in pages(stub.ListContradictions, request):
            found += page.contradictions
    if as_json:
        print_json(
            [
                {"dossier_code": each.dossier_code, "unit": each.unit} | entry_document(each.report)
                for each in found
            ]
        )
        return
    columns = ("happened", "recorded", "dossier", "unit", "by", "what")
    rows = [
        (
            moment(happened(each.report)),
            moment(each.report.recorded_at),
            each.dossier_code,
            each.unit,
            each.report.actor.id,
            each.report.summary.en,
        )
        for each in found
    ]
    out.print(grid(columns, rows, title=f"contradicting reports; {ZONE}", whole=columns[:3]))
