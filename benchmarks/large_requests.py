"""How long a request is looked at that has far more items than it may have."""

from __future__ import annotations

import time

from motcua.intake.v1.intake_pb2 import SubmitDossierRequest

from benchmarks.harness import Figures, Servers, Size
from kernel.base.errors import Invalid
from kernel.rpc.validation.validator import check

NAME = "large requests: a submission with many empty parts, decoded and refused"
BYTES = {
    Size.SMALL: (10_000,),
    Size.USUAL: (100_000, 400_000, 1_000_000),
    Size.FULL: (100_000, 400_000, 1_000_000, 4_000_000),
}
_EMPTY_PART = b"\x32\x00"


def run(size: Size, _servers: Servers) -> Figures:
    """Measure each size, in milliseconds of one processor."""
    figures: dict[str, float] = {}
    for length in BYTES[size]:
        data = _EMPTY_PART * (length // len(_EMPTY_PART))
        began = time.perf_counter()
        request = SubmitDossierRequest.FromString(data)
        decoded = time.perf_counter()
        try:
            check(request)
        except Invalid as refused:
            violations = len(refused.violations) + refused.more
        ended = time.perf_counter()
        figures[f"{length} bytes"] = (ended - began) * 1000
        print(
            f"  {length:>9,} bytes: decoded in {(decoded - began) * 1000:6.2f} ms, "
            f"refused in {(ended - decoded) * 1000:6.2f} ms with {violations} violations"
        )
    return figures
