"""What the servers of the local stack share: each runs as long as a block."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Self


class LocalServer(ABC):
    """A server that may be used as a context manager."""

    @abstractmethod
    def start(self) -> None:
        """Start, and return when it answers."""

    @abstractmethod
    def stop(self) -> None:
        """Stop in order; does nothing when it does not run."""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()
