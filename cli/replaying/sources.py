"""Where a replay reads: audit's record of the log, or a file that a replay wrote."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, Final

from motcua.audit.v1 import audit_pb2 as pb

from cli.grpc_clients import identity
from cli.replaying.event_json import NoEvent, from_line
from cli.replaying.selection import Selection

PAGE: Final = 5_000
"""Events of one call: a call that is read slowly would be ended by its deadline."""
_SECONDS: Final = 600.0


def ends_of(audit: Any) -> dict[int, int]:
    """Return the last offset of each partition that audit has recorded."""
    heads = audit.GetChain(pb.GetChainRequest(), timeout=60, metadata=identity()).heads
    return {head.partition: head.offset for head in heads}


def from_log(
    audit: Any, selection: Selection, places: Mapping[int, int], ends: Mapping[int, int]
) -> Iterator[pb.StreamEventsResponse]:
    """Yield the events of a selection after some places, up to where the partitions end; those of a
    partition in the order of the log, the partitions side by side by what happened first.

    The order is the same however often it is begun anew. Raise ``grpc.RpcError``.
    """
    reached = dict(places)
    while True:
        request = selection.request()
        for partition, offset in reached.items():
            request.after.add(partition=partition, offset=offset)
        call = audit.StreamEvents(request, timeout=_SECONDS, metadata=identity())
        page = list(islice(call, PAGE))
        call.cancel()
        for item in page:
            reached[item.partition] = item.offset
            if item.offset <= ends.get(item.partition, -1):
                yield item
        if len(page) < PAGE:
            return


def from_file(
    path: Path, selection: Selection, places: Mapping[int, int]
) -> Iterator[pb.StreamEventsResponse]:
    """Yield the events of a selection after some places, as a file has them. Raise ``NoEvent``,
    which names the line, and ``OSError``.
    """
    reached = dict(places)
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            try:
                item = from_line(line)
            except NoEvent as wrong:
                raise NoEvent(f"{path}, line {number}: {wrong}") from wrong
            if item.offset > reached.get(item.partition, -1) and selection.has(item):
                yield item
