"""Fault 44, at the desk: its watch sleeps. What it finds is said once for each dossier, and of what
is over only that.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from motcua.intake.v1.intake_pb2_grpc import IntakeServiceStub

from infra.local.kafka import KafkaBroker
from tests.support.events import name_of
from tests.support.feed import log_of, wait_until
from tests.support.identity import metadata
from tests.support.service import ServiceProcess
from tests.support.stack import clock_setting
from tests.support.walk import submission

pytestmark = [pytest.mark.faults, pytest.mark.timeout(240)]
NEAR, GONE = "DeskCheckApproaching", "DeskCheckMissed"


def test_fault_44_a_desk_that_was_down_for_three_days(
    kafka: KafkaBroker, topic: str, tmp_path: Path
) -> None:
    """Handed in on Monday at 08:00, to be checked by Tuesday 08:00. One was warned of before the
    desk was ended, the other came right before: both are said to be over, once, and neither is
    warned of then.
    """

    @contextmanager
    def running(when: str) -> Iterator[ServiceProcess]:
        setting = clock_setting(f"{when}+07:00")
        process = ServiceProcess(
            "intake", tmp_path / "n", kafka.bootstrap, topic, MOTCUA_CLOCK=setting
        )
        with process:
            process.wait_published()
            yield process

    def submit(desk: ServiceProcess) -> str:
        with desk.channel() as channel:
            answer = IntakeServiceStub(channel).SubmitDossier(
                submission(), timeout=30, metadata=metadata("citizen"), wait_for_ready=True
            )
        return str(answer.dossier_code)

    def alarms_on_log() -> list[tuple[str, str]]:
        found = [(e.stream_id, name_of(e)) for e in log_of(*log)]
        return sorted(each for each in found if each[1] in (NEAR, GONE))

    log = (kafka.bootstrap, topic)
    with running("2021-08-09T08:00:00") as desk:
        first = submit(desk)
        desk.wait_published()
    assert alarms_on_log() == []
    with running("2021-08-09T14:10:00") as desk:
        wait_until(lambda: alarms_on_log() == [(first, NEAR)], what="the first is warned of")
        second = submit(desk)
        desk.wait_published()
    with running("2021-08-12T14:10:00") as desk:
        wait_until(lambda: len(alarms_on_log()) >= 3, what="both are said to be over")
        third = submit(desk)
        desk.wait_published()
    once = sorted([(first, NEAR), (first, GONE), (second, GONE)])
    assert alarms_on_log() == once
    with running("2021-08-13T10:00:00"):
        wait_until(lambda: (third, NEAR) in alarms_on_log(), what="the watch has looked")
    assert alarms_on_log() == sorted([*once, (third, NEAR)])
