"""Another import of a dossier that is there, through the desk's own commands."""

from __future__ import annotations

from dataclasses import replace

import grpc
import pytest

from cli.importing.calls import CallRefused, Calls
from cli.importing.history import ImportedHistory
from kernel.base.instants import DAY
from tests.support.desk import Desk
from tests.support.foreign_rows import mapping
from tests.support.intake_samples import at

CASE = ImportedHistory(
    code="12/HS-ĐK",
    channel="counter",
    unit="H22.12",
    started_at=at("2021-06-07 08:10"),
    due_at=at("2021-06-14 17:00"),
    ended_at=None,
    granted=True,
    procedure="X-1",
)


async def test_another_import_says_which_fact_differs(desk: Desk) -> None:
    """The same one again is no matter; a unit that nobody has is refused by name."""
    async with grpc.aio.insecure_channel(desk.address) as channel:
        calls = Calls(mapping(), channel, channel)
        await calls.open(CASE)
        await calls.open(CASE)
        moved = replace(CASE, unit="H22.70", channel="online")
        with pytest.raises(CallRefused) as caught:
            await calls.open(moved)
        assert str(caught.value) == (
            "was brought in before with other values:"
            " channel was 'counter', here 'online'; unit was 'H22.12', here 'H22.70'"
        )
        assert CASE.due_at is not None
        with pytest.raises(
            CallRefused, match=r": due was '2021-06-14T12:00:00.*', here '2021-06-15"
        ):
            await calls.open(replace(CASE, due_at=CASE.due_at + DAY))
        with pytest.raises(CallRefused, match="unit: the office has and had no unit"):
            await calls.open(replace(CASE, code="12/HS-ĐL", unit="H99.99"))
