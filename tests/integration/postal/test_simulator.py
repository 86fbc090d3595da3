"""The partner simulator as a program of its own, against a served office with a fast clock."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from motcua.postal.v1 import postal_pb2

from infra.local.ports import free_port
from kernel.base.clock import parse_clock
from services.postal.config.partners import DEVELOPMENT_TOKENS
from tests.support.certificates import Authority
from tests.support.events import name_of
from tests.support.feed import wait_until
from tests.support.identity import metadata
from tests.support.postal_service import FIRST, SECOND, Serve, Serving
from tests.support.simulator import finish

JOBS = 40
SPEED = 20_000
Simulate = Callable[..., "subprocess.Popen[str]"]


HONEST = (
    *("--pace", "0.3", "--refuse", "0", "--silent", "0"),
    *("--give-back", "0", "--contradict", "0"),
)


def clock_now(speed: int = SPEED) -> str:
    """Return a clock's setting that starts now, on a Monday morning, and runs fast."""
    return f"2021-08-09T08:00:00+07:00@{speed}@{time.time()}"


@pytest.fixture
def simulate() -> Iterator[Simulate]:
    """Starts simulators, by an address or by settings; what still runs at the end is ended."""
    running: list[subprocess.Popen[str]] = []

    def start(
        serving: Serving | None, who: str, clock: str, *arguments: str, **settings: str
    ) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "partner_sim", "--clock", clock, *arguments]
        address = ["--address", f"127.0.0.1:{serving.port}"] if serving else []
        token = {"PARTNER_TOKEN": DEVELOPMENT_TOKENS.get(who, who)}
        env = dict(os.environ) | token | settings
        running.append(
            subprocess.Popen(
                [*command, *address],
                env=env,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
        return running[-1]

    yield start
    for process in running:
        if process.poll() is None:
            process.kill()
        process.communicate()


def states(serving: Serving) -> Counter[int]:
    """Count the office's jobs by state."""
    request = postal_pb2.ListJobsRequest(page_size=500)
    found = serving.postal.ListJobs(request, timeout=5, metadata=metadata("operator", "op"))
    return Counter(job.state for job in found.jobs)


def settled(serving: Serving) -> bool:
    """Return whether no job is offered, held or under way."""
    found = states(serving)
    final = (postal_pb2.JOB_STATE_DELIVERED, postal_pb2.JOB_STATE_RETURNED)
    return sum(found[s] for s in (*final, postal_pb2.JOB_STATE_UNSERVED)) == JOBS


def feed(serving: Serving) -> None:
    """Resolve the dossiers whose results go by post, by the served clock."""
    for number in range(JOBS):
        serving.office.now = serving.clock.now()
        serving.office.resolve(f"H22.12.03-210809-{number:04d}")


def test_two_faulty_partners_and_the_office_count_the_same(
    serve: Serve, simulate: Simulate
) -> None:
    """With every fault at work, what partners say they delivered is what the office shows."""
    clock = clock_now()
    serving = serve(clock=parse_clock(clock))
    faults = ["--refuse", "0.2", "--silent", "0.1", "--repeat", "0.4", "--disorder", "0.4"]
    faults += ["--contradict", "0.3", "--give-back", "0.2"]
    partners = [
        simulate(serving, who, clock, "--seed", str(seed), *faults)
        for seed, who in enumerate((FIRST, SECOND))
    ]
    feed(serving)
    wait_until(lambda: settled(serving), 60, "every job's end")
    summaries = [finish(partner) for partner in partners]
    shown = states(serving)

    assert [each["errors"] for each in summaries] == [{}, {}]
    assert sum(each["delivered"] for each in summaries) == shown[postal_pb2.JOB_STATE_DELIVERED]
    assert sum(each["returned"] for each in summaries) == shown[postal_pb2.JOB_STATE_RETURNED]
    assert sum(each["refused"] for each in summaries) >= 2 * shown[postal_pb2.JOB_STATE_UNSERVED]
    assert all(each["repeats"] and each["disordered"] for each in summaries[:1])
    reports = sum(each["reports"] - each["repeats"] for each in summaries)
    kept = [
        event
        for number in range(JOBS)
        for event in serving.office.events(f"H22.12.03-210809-{number:04d}")
        if name_of(event).startswith("Item")
    ]
    assert len(kept) <= reports
    numbers = [
        job["item_number"] for each in summaries for job in each["jobs"] if job["item_number"]
    ]
    assert len(set(numbers)) == len(numbers)


def test_a_partner_goes_on_when_the_office_was_away(serve: Serve, simulate: Simulate) -> None:
    """Stopped in the middle, the server comes back on its port: nothing is lost or doubled."""
    clock = clock_now(SPEED // 4)  # leases long enough, in real time, for a restart
    serving = serve(clock=parse_clock(clock))
    partner = simulate(serving, FIRST, clock, *HONEST)
    feed(serving)
    wait_until(lambda: states(serving)[postal_pb2.JOB_STATE_UNDER_WAY] > 3, 30, "some work")
    serving.server.drain(0.1)
    back = serve(clock=parse_clock(clock), port=serving.port)
    wait_until(lambda: settled(back), 60, "every job's end")
    summary = finish(partner)

    assert summary["delivered"] == JOBS
    assert summary["errors"] == {}
    assert summary["reconnects"] >= 1


def test_the_same_seed_does_the_same() -> None:
    """Fates follow from the seed alone."""
    from random import Random

    from partner_sim.fate import Rates, draw

    def fates(seed: int) -> list[object]:
        rng = Random(seed)
        return [draw(rng, Rates()) for _ in range(50)]

    assert fates(7) == fates(7)
    assert fates(7) != fates(8)


def test_a_refused_credential_is_said_and_ends_the_program(
    serve: Serve, simulate: Simulate
) -> None:
    """Without a valid token the simulator ends with status 1 and still prints its document."""
    serving = serve()
    process = simulate(serving, "wrong-token", "real")
    out, err = process.communicate(timeout=30)

    assert process.returncode == 1
    assert "UNAUTHENTICATED" in err
    assert json.loads(out)["offered"] == 0


def test_a_partner_comes_in_over_tls_by_its_certificate(
    serve: Serve, simulate: Simulate, tmp_path: Path
) -> None:
    """By the settings of `motcua`; without a certificate, or of another authority, nothing is
    offered.
    """
    authority, port, clock = Authority(), free_port(), clock_now()
    authority.write_server_files(tmp_path)
    cert, key = authority.issue("partner", uri=f"spiffe://motcua/partner/{FIRST}")
    other = Authority("somebody").pem
    for name, content in (("own.pem", cert), ("own.key", key), ("other.pem", other)):
        (tmp_path / name).write_bytes(content)
    serving = serve(
        clock=parse_clock(clock),
        tls_port=port,
        tls_cert=tmp_path / "cert.pem",
        tls_key=tmp_path / "key.pem",
        tls_client_ca=tmp_path / "ca.pem",
    )
    feed(serving)
    trusting = {"POSTAL_TLS_PORT": str(port), "MOTCUA_TLS_CA": str(tmp_path / "ca.pem")}
    own = {
        "MOTCUA_TLS_OWN_CERT": str(tmp_path / "own.pem"),
        "MOTCUA_TLS_OWN_KEY": str(tmp_path / "own.key"),
    }
    misled = trusting | own | {"MOTCUA_TLS_CA": str(tmp_path / "other.pem")}
    for settings in (trusting, misled):
        process = simulate(None, "", clock, *HONEST, **settings)
        assert process.stderr
        assert any(line.startswith("partner_sim: UNAVAILABLE: ") for line in process.stderr)
        assert finish(process)["offered"] == 0
    partner = simulate(None, "", clock, *HONEST, **trusting, **own)
    wait_until(lambda: settled(serving), 60, "every job's end")
    assert finish(partner)["delivered"] == states(serving)[postal_pb2.JOB_STATE_DELIVERED] > 0


def test_a_file_that_is_not_there_is_named(simulate: Simulate) -> None:
    """With exit status 2."""
    process = simulate(None, FIRST, "real", "--ca", "/nowhere/ca.pem")
    _, err = process.communicate(timeout=30)
    assert (process.returncode, "/nowhere/ca.pem" in err) == (2, True)
