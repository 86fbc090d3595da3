"""Tables of what reached people outside the office in the week: messages, and the post."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from motcua.notify.v1 import notify_pb2 as notify_pb
from rich.table import Table

from cli.printer import counted, grid
from demo.results.own_count import OwnCount
from services.audit.wording.event_lines import message_kinds

_STATES = ("SENT", "QUEUED", "FAILED", "SUPPRESSED")
POST = {
    "offered": "jobs offered",
    "taken": "jobs taken",
    "refused": "jobs refused",
    "lost": "jobs lost to another partner by keeping silent",
    "reports": "reports on the items under way",
    "repeats": "reports sent twice",
    "disordered": "reports sent in the wrong order",
    "contradictions": "reports that contradict the item's end",
    "delivered": "items delivered",
    "returned": "items brought back to the agency",
    "open": "items still under way on Friday",
    "retries": "calls tried again",
    "reconnects": "streams opened again",
}
"""Each figure of a postal partner in words."""


def messages_in_brief(counts: Mapping[tuple[str, int], int]) -> str:
    """Return how many messages went out, in a sentence."""
    states: Counter[int] = Counter()
    for (_, state), number in counts.items():
        states[state] += number
    sent, unwanted = (states[_state(name)] for name in ("SENT", "SUPPRESSED"))
    waiting, failed = (states[_state(name)] for name in ("QUEUED", "FAILED"))
    return (
        f"{counted(sent, 'mail')} sent, {waiting} queued, {failed} failed; {unwanted} to citizens "
        "who want none"
    )


def post_in_brief(counts: Mapping[str, Mapping[str, Any]]) -> str:
    """Return what the postal partners did, in a sentence."""
    taken, delivered, returned = (
        sum(count.get(name, 0) for count in counts.values())
        for name in ("taken", "delivered", "returned")
    )
    return (
        f"{counted(taken, 'item')} taken by {counted(len(counts), 'postal partner')}, "
        f"{delivered} delivered, {returned} brought back"
    )


def files_in_brief(own_count: OwnCount) -> str:
    """Return how many files were handed in and opened, in a sentence."""
    entries = own_count.entries
    sizes = [size for entry in entries for size in entry.files.values()]
    refused = sum(entry.files_refused for entry in entries)
    opened = sum(len(entry.opened) for entry in entries)
    return (
        f"{counted(len(sizes), 'PDF')} handed in ({sum(sizes) / 1e6:.1f} MB), {refused} refused as "
        f"cut off, {opened} opened by officers"
    )


def message_table(counts: Mapping[tuple[str, int], int]) -> Table:
    """Return the table of how many messages of each kind are in which state."""
    kinds, named = {kind for kind, _ in counts}, message_kinds()
    states = [_state(name) for name in _STATES]
    rows = [
        (
            named.get(kind, kind),
            *[str(counts.get((kind, s), 0) or "") for s in states],
        )
        for kind in sorted(kinds, key=[*named, *sorted(kinds - set(named))].index)
    ]
    columns = ("what the message says", "sent", "queued", "failed", "no consent")
    return grid(columns, rows, right=columns[1:])


def _state(name: str) -> int:
    return notify_pb.MessageState.Value(f"MESSAGE_STATE_{name}")


def post_table(counts: Mapping[str, Mapping[str, Any]]) -> Table:
    """Return the table of each postal partner's own count."""
    rows = [
        (label, *[str(count.get(name) or "") for count in counts.values()])
        for name, label in POST.items()
        if any(count.get(name) for count in counts.values())
    ]
    return grid(("", *counts), rows, right=tuple(counts))
