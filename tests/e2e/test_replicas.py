"""Two processes of every service on one PostgreSQL, called in turn: they work as one."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from cli.grpc_clients import status_of
from cli.stack.plan import SERVICES
from demo.local_stack import PartnerProcesses
from infra.local.postgres import PostgresServer
from kernel.config.master_key import development_master_key
from tests.support import invariants
from tests.support.crowd import Scene, check_report, play
from tests.support.service import ServiceProcess
from tests.support.stack import Stack, clock_setting, running

pytestmark = [pytest.mark.e2e, pytest.mark.alone, pytest.mark.slow, pytest.mark.timeout(240)]

SPEED = 8500.0
BEGINS = "2021-08-09T06:55:00+07:00"
SCENE = Scene(dossiers=80, seed=11, speed=SPEED, arrivals=0.2, hours=40)


def test_two_processes_of_every_service_work_as_one(
    session_dir: Path, postgres: PostgresServer
) -> None:
    """Nothing is lost, doubled or overwritten, and every view is what the log says."""
    url = postgres.create_database("replicas")
    settings = {"DATABASE_URL": url, "KEYRING_DATABASE_URL": url}
    clock = clock_setting(BEGINS, SPEED, lead=14)
    try:
        with running(session_dir, clock=clock, settings=settings) as stack, twins(stack):
            partners = PartnerProcesses(stack.folder, stack.env, SCENE.seed)
            try:
                played = asyncio.run(play(stack, SCENE))
            finally:
                partners.stop()
            assert not played.failures, played.failures[:5]
            figures = check_report(stack, played)
            stack.wait_settled()
            events = invariants.all_stored(stack)
            invariants.check_confirmed(played.confirmed, events)
            invariants.check_sequences(events)
            invariants.check_published(stack, events)
            invariants.check_once(events, "CaseOpened", "CaseResumed", "CaseWithdrawn")
            mails = invariants.check_mails(stack)
            parcels = invariants.check_parcels(events)
            assert stack.motcua("verify", "--json")["ok"]
            invariants.check_rebuilds(stack)
            commands = len(played.confirmed)
            print(f"{commands} commands, {mails}, {parcels} parcels, {figures} figures")
    finally:
        postgres.drop_database("replicas")


@contextmanager
def twins(stack: Stack) -> Iterator[None]:
    """Run one more process of each service on the stack's broker, database and keys."""
    shared: dict[str, Any] = {
        name: value
        for name, value in stack.env.items()
        if name.startswith(("MOTCUA_", "KEYRING_", "SMTP_"))
    }
    shared |= {"MOTCUA_MASTER_KEY": development_master_key(stack.folder), "SMTP_HOST": "127.0.0.1"}
    made = []
    with ExitStack() as beside:
        for name in SERVICES:
            twin = ServiceProcess(
                name, stack.folder, stack.bootstrap, stack.topic, stack.env["DATABASE_URL"],
                **shared,
            )  # fmt: skip
            made.append(beside.enter_context(twin))
            stack.replicas[name] = [twin.address]
        for twin in made:
            twin.wait_ready()
        yield
        idle = [
            t.name
            for t in made
            if not (status := status_of(t.name, t.address)) or not status.handled
        ]
        assert not idle, "the twins read the log, too"
