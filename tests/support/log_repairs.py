"""An office whose log is lost and repaired, with an outside ledger of what it has confirmed."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

import grpc
from motcua.events.v1.event_pb2 import Event
from motcua.intake.v1.dossier_events_pb2 import DossierSubmitted
from motcua.intake.v1.intake_pb2_grpc import IntakeServiceStub

from kernel.eventsourcing.envelope import type_name
from kernel.rpc.client import explain
from tests.support.feed import log_of, wait_until
from tests.support.identity import metadata
from tests.support.stack import Stack
from tests.support.walk import submission

CITIZEN: Final = metadata("citizen", "mai")
PATIENCE: Final = 90.0


def submitted(log: Iterable[Event]) -> list[str]:
    """Return the dossiers whose submission is on a log, in order."""
    name = DossierSubmitted.DESCRIPTOR.full_name
    return sorted(event.stream_id for event in log if type_name(event) == name)


class Office:
    """A stack, and the ledger of what it has confirmed."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.ledger: list[str] = []

    def submit(self, count: int) -> None:
        """Hand in dossiers, and wait until all services know them."""
        self.hand_in(count)
        self.stack.wait_settled()

    def hand_in(self, count: int) -> None:
        """Hand in dossiers, whether their events can be published or not."""
        with self.stack.channel("intake") as channel:
            stub = IntakeServiceStub(channel)
            for _ in range(count):
                answer = stub.SubmitDossier(submission(), timeout=20, metadata=CITIZEN)
                self.ledger.append(answer.dossier_code)

    def refused(self) -> bool:
        """Return whether a command is refused for the log's sake; one that is not has a code."""
        with self.stack.channel("intake") as channel:
            stub = IntakeServiceStub(channel)
            try:
                answer = stub.SubmitDossier(submission(), timeout=20, metadata=CITIZEN)
            except grpc.RpcError as error:
                return explain(error).reason == "LOG_DIFFERS"
            self.ledger.append(answer.dossier_code)
        return False

    def wait_refused(self) -> None:
        """Wait until every service has noticed, and commands are refused."""
        wait_until(self._all_halted, PATIENCE, "every service has noticed")
        wait_until(self.refused, PATIENCE, "commands are refused")

    def _all_halted(self) -> bool:
        return all("the log" in (row.get("halted") or "") for row in self.rows())

    def rows(self) -> list[dict[str, Any]]:
        """Return the services' rows of the status."""
        found: list[dict[str, Any]] = self.stack.status()["services"]
        return found

    def plan(self, *options: str, refused: str = "") -> dict[str, Any]:
        """Return the plan, which is refused with these words or not at all."""
        done = self.stack.run("log", "repair", *options, "--json", timeout=PATIENCE)
        found: dict[str, Any] = json.loads(done.stdout)
        assert refused in " ".join(found["refused"])
        assert bool(found["refused"]) == bool(refused) == bool(done.returncode)
        return found

    def repair(self, *options: str, plan: str) -> dict[str, Any]:
        """Carry a plan out."""
        arguments = ("log", "repair", *options, "--plan", plan, "--approved-by", "Lan", "--json")
        found: dict[str, Any] = self.stack.motcua(*arguments, timeout=PATIENCE)
        assert found["ok"]
        return found

    def restart_on(self, topic: str) -> None:
        """Start everything again on another topic."""
        assert self.stack.stop() == 0, self.stack.story()
        self.stack.env["MOTCUA_TOPIC"] = topic
        self.stack.start()
        self.stack.wait_ready()

    def check(self) -> None:
        """Compare the ledger with the log, which takes events as before."""
        self.stack.wait_ready()
        self.submit(1)
        log = log_of(self.stack.bootstrap, self.stack.topic)
        assert submitted(log) == sorted(self.ledger)
        assert set(Counter(event.event_id for event in log).values()) == {1}
        for row in self.rows():
            assert (row["quarantined"], row["halted"]) == (0, ""), row
        assert self.stack.motcua("verify", "--json")["ok"]
        assert self.stack.motcua("log", "check", "--json")["ok"]
