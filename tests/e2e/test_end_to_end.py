"""From submission to the delivered result, on one PostgreSQL that all five services share."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect

from cli.stack.plan import SERVICES
from demo.local_stack import PartnerProcesses
from infra.local.postgres import PostgresServer
from tests.support import invariants
from tests.support.crowd import Scene, check_report, play
from tests.support.stack import Stack, clock_setting, running
from tests.support.walk import walking

pytestmark = [pytest.mark.e2e, pytest.mark.alone, pytest.mark.slow, pytest.mark.timeout(180)]

SPEED = 9000.0
BEGINS = "2021-08-09T06:55:00+07:00"
SCENE = Scene(dossiers=40, seed=7, speed=SPEED, arrivals=0.15, hours=28)
DELIVERED = 2
"""Dossiers that are brought to their citizens whatever else happens."""


def test_a_week_on_postgresql_is_reported_as_it_was(
    session_dir: Path, postgres: PostgresServer
) -> None:
    """All services keep their data in schemas of one database, and everything agrees."""
    url = postgres.create_database("whole")
    settings = {"DATABASE_URL": url, "KEYRING_DATABASE_URL": url}
    clock = clock_setting(BEGINS, SPEED, lead=8)
    try:
        with running(session_dir, clock=clock, settings=settings) as stack:
            _play(stack)
            assert not list(stack.folder.glob("*.sqlite3"))
        engine = create_engine(url)
        assert {*SERVICES, "keyring"} <= set(inspect(engine).get_schema_names())
        engine.dispose()
    finally:
        postgres.drop_database("whole")


def _play(stack: Stack) -> None:
    partners = PartnerProcesses(stack.folder, stack.env, SCENE.seed)
    try:
        played = asyncio.run(play(stack, SCENE))
    finally:
        counts = partners.stop()
    assert not played.failures, played.failures[:5]
    figures = check_report(stack, played)
    with walking(stack) as walk:
        codes = [walk.delivered() for _ in range(DELIVERED)]
    stack.wait_settled()
    events = invariants.all_stored(stack)
    invariants.check_confirmed(played.confirmed, events)
    invariants.check_sequences(events)
    invariants.check_published(stack, events)
    mails = invariants.check_mails(stack)
    parcels = invariants.check_parcels(events)
    assert {name for name, rows in events.items() if rows} == {*SERVICES} - {"audit"}
    brought = [row.stream_id for row in events["postal"] if row.type == "ItemDelivered"]
    assert set(codes) <= set(brought)
    assert len(brought) == DELIVERED + sum(partner["delivered"] for partner in counts.values())
    assert stack.motcua("verify", "--json")["ok"]
    invariants.check_rebuilds(stack)
    print(f"{len(played.confirmed)} commands, {mails}, {parcels} parcels, {figures} figures")
