"""Fault 4: the desk's store is lost, and the desk is killed in the middle of reading it again."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import grpc
import pytest
from motcua.events.v1.common_pb2 import Actor, ActorKind
from motcua.intake.v1 import intake_pb2 as intake
from motcua.intake.v1.intake_pb2_grpc import IntakeServiceStub
from motcua.notify.v1.message_events_pb2 import MessageSuppressed
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import DatabaseError
from sqlalchemy.schema import DropSchema

from infra.local.kafka import KafkaBroker
from kernel.kafka.topics import ensure_topics, events_topic
from kernel.rebuild.check import check
from kernel.rpc.client import explain
from kernel.storage.engines import open_engine
from tests.support.events import make_event
from tests.support.feed import START, code_of, put, wait_until
from tests.support.identity import metadata
from tests.support.invariants import read_log, stored
from tests.support.models import INTAKE as MODEL
from tests.support.service import ServiceProcess
from tests.support.walk import submission

pytestmark = [pytest.mark.faults, pytest.mark.timeout(180)]

CITIZEN = metadata("citizen")
OFFICER = metadata("officer", "an.nv", unit="H22.02", roles=["receptionist"])
OTHERS = 20_000
"""Events of another service that stand in the log before the desk's own."""
DOSSIERS = 20


def _others() -> Any:
    for number in range(OTHERS):
        yield make_event(
            code_of(number // 4 % 10_000),
            "notify",
            number % 4 + 1,
            MessageSuppressed(kind="submitted", channel="email", reason_code="no_consent"),
            actor=Actor(kind=ActorKind.ACTOR_KIND_CITIZEN),
            occurred_at=START,
            recorded_at=START,
            causation_id="",
            correlation_id="",
        )


def _submit(desk: ServiceProcess, requests: list[Any]) -> list[str]:
    """Hand in all at once, each again and again while the desk is away; gives the codes."""
    with desk.channel() as channel:
        stub = IntakeServiceStub(channel)

        def submit(request: Any) -> str:
            codes: list[str] = []

            def answered() -> bool:
                try:
                    answer = stub.SubmitDossier(request, timeout=20, metadata=CITIZEN)
                except grpc.RpcError as error:
                    if error.code() == grpc.StatusCode.UNAVAILABLE:
                        return False
                    raise
                codes.append(answer.dossier_code)
                return True

            wait_until(answered, 60, "the desk answers")
            return codes[0]

        with ThreadPoolExecutor(8) as pool:
            return list(pool.map(submit, requests))


def _lose(desk: ServiceProcess) -> None:
    """Throw the database away; the keyring has its own."""
    url = make_url(desk.url)
    if url.get_backend_name() == "sqlite":
        path = Path(url.database or "")
        for file in path.parent.glob(f"{path.name}*"):
            file.unlink()
        return
    engine = create_engine(desk.url)
    with engine.begin() as connection:
        connection.execute(DropSchema("intake", cascade=True))
    engine.dispose()


def _has_read(desk: ServiceProcess, least: float) -> bool:
    return _position(desk) > least


def _position(desk: ServiceProcess) -> int:
    """Sum up how far the desk has read; 0 before it has begun."""
    engine = open_engine(desk.url, "intake", read_only=True)
    try:
        with engine.connect() as connection:
            return connection.execute(text("SELECT sum(position) FROM positions")).scalar() or 0
    except DatabaseError:
        return 0
    finally:
        engine.dispose()


def test_fault_04_nothing_is_decided_before_a_lost_store_is_whole_again(
    kafka: KafkaBroker, topic: str, database_url: str, tmp_path: Path
) -> None:
    """Killed twice while it reads, it goes on; calls that come early meet the whole past."""
    put(kafka.bootstrap, topic, _others())
    folder = tmp_path / "desk"
    with ServiceProcess("intake", folder, kafka.bootstrap, topic, database_url) as desk:
        desk.wait_ready()
        first = [submission() for _ in range(DOSSIERS)]
        codes = _submit(desk, first)
        desk.wait_published()
        desk.kill()
        _lose(desk)
        for share in (0.1, 0.4):
            desk.start()
            wait_until(partial(_has_read, desk, share * OTHERS), 60, "it reads")
            desk.kill()
        reached = _position(desk)
        desk.start()
        again = _submit(desk, [*first, *(submission() for _ in range(DOSSIERS))])
        desk.wait_published()

        assert reached < OTHERS + DOSSIERS
        assert again[:DOSSIERS] == codes
        assert len(set(again)) == 2 * DOSSIERS
        engine = open_engine(desk.url, "intake", read_only=True)
        mine = [row for row in stored(engine, "intake") if row.stream_id != MODEL.source]
        log = read_log(kafka.bootstrap, topic)
        assert check(MODEL, engine, kafka.bootstrap, topic).equal
        engine.dispose()
        assert sorted(row.stream_id for row in mine) == sorted(again)
        assert all(log.streams[row.stream_id, "intake"] == [row.body] for row in mine)


def test_fault_04_a_desk_that_cannot_read_its_past_decides_nothing(
    own_kafka: KafkaBroker, tmp_path: Path
) -> None:
    """While the broker is silent at its start it takes no command: its store may be an older copy.
    With its store it answers queries; without it, it waits for the broker with these, too.
    """
    ensure_topics(own_kafka.bootstrap, topics=[events_topic("past")])
    with ServiceProcess("intake", tmp_path, own_kafka.bootstrap, "past") as desk:
        desk.wait_ready()
        first = [submission() for _ in range(DOSSIERS)]
        codes = _submit(desk, first)
        desk.wait_published()
        desk.kill()
        own_kafka.pause()
        desk.start()
        with desk.channel() as channel:
            grpc.channel_ready_future(channel).result(60)
            stub = IntakeServiceStub(channel)
            look = intake.GetDossierRequest(dossier_code=codes[0])
            shown = stub.GetDossier(look, timeout=20, metadata=OFFICER).dossier
            assert shown.dossier_code == codes[0]
            with pytest.raises(grpc.RpcError) as refused:
                stub.SubmitDossier(submission(), timeout=20, metadata=CITIZEN)
            assert refused.value.code() == grpc.StatusCode.UNAVAILABLE
        own_kafka.resume()
        more = _submit(desk, [submission() for _ in range(DOSSIERS)])
        assert len({*codes, *more}) == 2 * DOSSIERS
        desk.wait_published()

        desk.kill()
        _lose(desk)
        own_kafka.pause()
        desk.start()
        with desk.channel() as channel:
            grpc.channel_ready_future(channel).result(30)
            stub = IntakeServiceStub(channel)
            look = intake.GetDossierRequest(dossier_code=codes[0])
            for method, request, who in (
                (stub.SubmitDossier, submission(), CITIZEN),
                (stub.SubmitDossier, first[0], CITIZEN),
                (stub.GetDossier, look, OFFICER),
            ):
                with pytest.raises(grpc.RpcError) as caught:
                    method(request, timeout=20, metadata=who)
                assert caught.value.code() == grpc.StatusCode.UNAVAILABLE
                assert explain(caught.value).retry_after
        own_kafka.resume()
        assert _submit(desk, first) == codes
        assert not {*_submit(desk, [submission() for _ in range(DOSSIERS)])} & {*codes, *more}
        desk.wait_published()
    read_log(own_kafka.bootstrap, "past")
