"""How `motcua verify` says what was found."""

import pytest
from motcua.audit.v1 import audit_pb2 as pb
from motcua.audit.v1 import types_pb2 as types

from cli.commands.record.verify import described
from kernel.base.instants import to_timestamp
from tests.support.audit_histories import at

CODE = "ev-1"
SINCE = to_timestamp(at("2026-11-30 16:24"))


def _finding(kind: types.FindingKind, **fields: object) -> pb.Finding:
    given: dict[str, object] = {"partition": 5, "offset": 7, "stream_kind": "dossier"} | fields
    return pb.Finding(kind=kind, stream_id=CODE, source="archive", since=SINCE, **given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("finding", "line"),
    [
        (
            _finding(
                types.FINDING_KIND_GAP,
                sequence=2,
                last_sequence=2,
                open=True,
                finding_id="3f2a",
            ),
            "gap before partition 5, offset 7, ev-1 (archive 2 is missing) since 2026-11-30 16:24;"
            " open, 3f2a",
        ),
        (
            _finding(types.FINDING_KIND_GAP, sequence=2, last_sequence=4, finding_id="3f2a"),
            "gap before partition 5, offset 7, ev-1 (archive 2 to 4 are missing)"
            " since 2026-11-30 16:24; acknowledged, 3f2a",
        ),
        (
            _finding(types.FINDING_KIND_LATE, sequence=2, last_sequence=3),
            "late at partition 5, offset 7, ev-1 (archive 2 came after 3)",
        ),
        (
            _finding(types.FINDING_KIND_CONFLICTING, sequence=2, open=True, finding_id="3f2a"),
            "conflicting at partition 5, offset 7, ev-1 (archive 2); open, 3f2a",
        ),
        (
            pb.Finding(kind=types.FINDING_KIND_WRONG_HEAD, partition=1, open=True, finding_id="aa"),
            "wrong_head at partition 1, offset 0; open, aa",
        ),
        (
            pb.Finding(
                kind=types.FINDING_KIND_CHECKPOINT_DIFFERS,
                partition=1,
                offset=16,
                end_offset=24,
                open=True,
                finding_id="aa",
            ),
            "checkpoint_differs from partition 1, offset 16 on, before 24; open, aa",
        ),
    ],
)
def test_a_finding_is_one_line(finding: pb.Finding, line: str) -> None:
    """Where, of which stream, which numbers, since when, and whether somebody answers for it."""
    assert described(finding) == line
