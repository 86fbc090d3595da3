"""Whether a database whose disk was full takes writes again.

A service that has nothing of its own to write would otherwise not find out that there is space.
"""

from __future__ import annotations

import os

from kernel.eventsourcing.unit_of_work import UnitOfWork

ROOM = "room"
"""The lease whose row is written to find out."""
_BYTES = 64 * 1024
"""As much as many commands write together: what fits into a page that is there proves no space."""


def take(uow: UnitOfWork) -> None:
    """Write what needs space. It fails as any write does while the disk is full."""
    _write(uow, os.urandom(_BYTES // 2).hex())


def give(uow: UnitOfWork) -> None:
    """Free the space again."""
    _write(uow, "")


def _write(uow: UnitOfWork, holder: str) -> None:
    uow.put(uow.model.tables.leases, {"name": ROOM, "holder": holder, "expires_at": 0})
