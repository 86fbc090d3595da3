"""What takes the events of a replay."""

from __future__ import annotations

from typing import Protocol

from motcua.audit.v1 import audit_pb2 as pb


class TargetFailed(Exception):
    """A target does not take events; the text says which one and why."""


class Target(Protocol):
    """Takes events in order; each method may raise ``TargetFailed``."""

    def send(self, item: pb.StreamEventsResponse) -> None:
        """Take an event, at the latest with the next ``flush``."""
        ...

    def flush(self) -> int:
        """Return once all is there that was sent, with what the target needs to go on from here.

        It fails for ever once something that was sent may not be there.
        """
        ...

    def finish(self) -> None:
        """End a replay that is whole."""
        ...

    def close(self) -> None:
        """Let go of what the target holds; called in any case."""
        ...
