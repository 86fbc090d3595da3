"""Programs die by SIGKILL while people work: nothing is lost, nothing is done twice."""

import asyncio
import os
import random
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from cli.stack.plan import SERVICES
from demo.local_stack import PartnerProcesses
from tests.support import invariants
from tests.support.crowd import Played, Scene, check_report, play
from tests.support.stack import Stack, clock_setting, running

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.alone,
    pytest.mark.faults,
    pytest.mark.slow,
    pytest.mark.timeout(240),
]

DOSSIERS = 120
SPEED = 8500.0
BEGINS = "2021-08-09T06:55:00+07:00"
FIRST_KILL = 2.0
PAUSES = (1.6, 3.0)
"""Real seconds between two kills."""


@dataclass
class Killer:
    """Kills every service twice and the broker once, in a drawn order."""

    stack: Stack
    dice: random.Random
    killed: list[str] = field(default_factory=list)

    def __call__(self) -> None:
        plan = [*SERVICES, *SERVICES]
        self.dice.shuffle(plan)
        plan.insert(self.dice.randrange(3, 8), "kafka")
        time.sleep(FIRST_KILL)  # let there be work
        for name in plan:
            pid = self.stack.kill(name)
            self.killed.append(name)
            self.stack.wait_back(name, pid)
            time.sleep(self.dice.uniform(*PAUSES))


def test_kills_of_every_program_lose_and_double_nothing(session_dir: Path) -> None:
    """Every service dies twice and the broker once under load; all invariants hold."""
    seed = int(os.environ.get("CHAOS_SEED", random.randrange(1_000_000)))
    print(f"CHAOS_SEED={seed}")
    scene = Scene(DOSSIERS, seed, SPEED, arrivals=0.4, hours=76)
    with running(session_dir, clock=clock_setting(BEGINS, SPEED, lead=8)) as stack:
        killer = Killer(stack, random.Random(seed))
        partners = PartnerProcesses(stack.folder, stack.env, seed)
        try:
            played = asyncio.run(play(stack, scene, killer))
            stack.wait_ready()
        finally:
            partners.stop()
        stack.wait_settled()
        _check(stack, played, killer)


def _check(stack: Stack, played: Played, killer: Killer) -> None:
    assert not played.failures, played.failures[:5]
    events = invariants.all_stored(stack)
    invariants.check_confirmed(played.confirmed, events)
    submitted = [row for row in events["intake"] if row.type == "DossierSubmitted"]
    assert len(submitted) == len(played.own_count.entries)
    assert sum(not entry.parent for entry in played.own_count.entries) == DOSSIERS
    invariants.check_sequences(events)
    published = invariants.check_published(stack, events)
    invariants.check_once(events, "CaseOpened", "CaseResumed", "CaseWithdrawn")
    mails = invariants.check_mails(stack)
    parcels = invariants.check_parcels(events)
    proof = stack.motcua("verify", "--json")
    assert proof["ok"], proof
    assert all(row["quarantined"] == 0 for row in stack.status()["services"])
    figures = check_report(stack, played)
    invariants.check_rebuilds(stack)
    print(
        f"killed {' '.join(killer.killed)}; "
        f"{len(played.confirmed)} commands, {proof['events']} events, "
        f"{published.repeats} sent twice, "
        f"{mails}, {parcels} parcels, {figures} figures of the report"
    )
    log = (stack.folder / "stack.log").read_text()
    for name in SERVICES:
        assert log.count(f"{name} ended (signal 9); starting it again\n") == 2
    assert "keeps ending" not in log
