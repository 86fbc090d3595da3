"""Fault 83: a listener with TLS offers what the one in the clear does, to whom it shall."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import grpc
import pytest
import typer
from motcua.postal.v1 import postal_pb2
from motcua.postal.v1.postal_pb2_grpc import PostalServiceStub

from cli.grpc_clients import open_channel
from infra.local.kafka import KafkaBroker
from infra.local.ports import free_port
from kernel.config.environment import load
from kernel.ledger.ledger_watch import Heads
from kernel.rpc.client import explain
from office import ledger
from tests.support.audit_service import open_office, publish
from tests.support.certificates import Authority
from tests.support.desk import CITIZEN, open_desk
from tests.support.feed import supplement
from tests.support.identity import metadata
from tests.support.intake_samples import submission
from tests.support.postal_service import Serve

pytestmark = pytest.mark.faults
Code = grpc.StatusCode


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """The authority that services and commands trust."""
    made = Authority()
    made.write_server_files(tmp_path)
    monkeypatch.setenv("MOTCUA_DATA_DIR", str(tmp_path / "nothing-runs-here"))
    monkeypatch.setenv("MOTCUA_TLS_CA", str(tmp_path / "ca.pem"))
    return made


def server_files(folder: Path) -> dict[str, Any]:
    """Return the settings of a listener without client certificates."""
    return {"tls_port": free_port(), "tls_cert": folder / "cert.pem", "tls_key": folder / "key.pem"}


def code_of(channel: grpc.Channel) -> Code:
    """Ask for a job that is not there; return the status of the answer."""
    request = postal_pb2.GetJobRequest(job_id=str(uuid.uuid4()))
    with channel, pytest.raises(grpc.RpcError) as caught:
        PostalServiceStub(channel).GetJob(request, timeout=5, metadata=metadata("operator", "root"))
    return explain(caught.value).code


def test_intake_takes_a_dossier_over_tls(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each method that the other port has: `INTAKE_TLS_PORT` opens no empty listener."""
    files = server_files(tmp_path)
    monkeypatch.setenv("INTAKE_TLS_PORT", str(files["tls_port"]))
    urls = (f"sqlite:///{tmp_path}/intake.db", f"sqlite:///{tmp_path}/keys.db")
    with open_desk(*urls, **files) as desk, open_channel(grpc, "intake") as channel:
        stub = type(desk.stub)(channel)
        answer = stub.SubmitDossier(submission(), timeout=20, metadata=CITIZEN)
        assert desk.accept(answer.dossier_code).due_at


def test_a_command_shows_its_certificate_where_one_is_wanted(
    authority: Authority, serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TLS of both sides: without the own certificate there is no connection."""
    files = server_files(tmp_path) | {"tls_client_ca": tmp_path / "ca.pem"}
    serve(**files)
    monkeypatch.setenv("POSTAL_TLS_PORT", str(files["tls_port"]))
    assert code_of(open_channel(grpc, "postal")) == Code.UNAVAILABLE
    for name, content in zip(("own.pem", "own.key"), authority.issue("operator"), strict=True):
        (tmp_path / name).write_bytes(content)
    monkeypatch.setenv("MOTCUA_TLS_OWN_CERT", str(tmp_path / "own.pem"))
    monkeypatch.setenv("MOTCUA_TLS_OWN_KEY", str(tmp_path / "own.key"))
    assert code_of(open_channel(grpc, "postal")) == Code.NOT_FOUND


def test_a_command_talks_to_no_service_of_another_authority(
    authority: Authority, serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor in the clear to a listener with TLS."""
    files = server_files(tmp_path)
    serving = serve(**files)
    monkeypatch.setenv("POSTAL_TLS_PORT", str(files["tls_port"]))
    assert code_of(open_channel(grpc, "postal")) == Code.NOT_FOUND
    (tmp_path / "ca.pem").write_bytes(Authority("somebody").pem)
    assert code_of(open_channel(grpc, "postal")) == Code.UNAVAILABLE
    clear = f"127.0.0.1:{serving.server.tls_port}"
    assert code_of(open_channel(grpc, "postal", clear)) == Code.UNAVAILABLE


def test_a_renewed_certificate_is_shown_without_a_restart(
    authority: Authority, serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next connection meets it, also where clients show none."""
    files = server_files(tmp_path)
    serve(**files)
    monkeypatch.setenv("POSTAL_TLS_PORT", str(files["tls_port"]))
    Authority("next year's authority").write_server_files(tmp_path)
    assert code_of(open_channel(grpc, "postal")) == Code.NOT_FOUND


def test_beside_tls_the_other_listener_is_for_this_machine(
    authority: Authority, serve: Serve, tmp_path: Path
) -> None:
    """Wherever the service listens: what is in the clear does not leave the machine."""
    serving = serve(host="0.0.0.0", **server_files(tmp_path))
    assert code_of(grpc.insecure_channel(f"127.0.0.1:{serving.port}")) == Code.NOT_FOUND
    assert code_of(grpc.insecure_channel(f"127.0.0.2:{serving.port}")) == Code.UNAVAILABLE
    elsewhere = grpc.secure_channel(
        f"127.0.0.2:{serving.server.tls_port}",
        grpc.ssl_channel_credentials(authority.pem),
        (("grpc.ssl_target_name_override", "localhost"),),
    )
    assert code_of(elsewhere) == Code.NOT_FOUND


def test_a_service_asks_audit_over_tls(
    authority: Authority, kafka: KafkaBroker, topic: str, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """What audit has of the log is believed of audit alone: not of another authority's, and it is
    not asked for in the clear.
    """
    files = server_files(tmp_path)
    # On one machine no two are elsewhere from one another.
    monkeypatch.setattr(ledger, "is_loopback", lambda _host: False)
    monkeypatch.setenv("AUDIT_ADDRESS", f"localhost:{files['tls_port']}")
    publish(kafka.bootstrap, topic, [supplement("H22.12-210809-0001", 1)])
    url = f"sqlite:///{tmp_path}/audit.db"
    with open_office(url, kafka.bootstrap, topic, **files) as office:
        office.wait(1)
        (head,) = [head for head in _asked().values() if head.size]
        assert (head.size, len(head.last_leaf)) == (1, 32)
        (tmp_path / "ca.pem").write_bytes(Authority("somebody").pem)
        assert _refused() == Code.UNAVAILABLE
        monkeypatch.delenv("MOTCUA_TLS_CA")
        assert _refused() == Code.UNAVAILABLE


def _asked() -> Heads:
    source = load(ledger.LedgerSettings).ledger()
    assert source is not None
    return source.ask()


def _refused() -> Code:
    with pytest.raises(grpc.RpcError) as caught:
        _asked()
    return explain(caught.value).code


def test_in_production_no_service_is_called_in_the_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless it is on this machine; the setting is named."""
    monkeypatch.setenv("MOTCUA_MODE", "production")
    monkeypatch.setenv("MOTCUA_HOST", "192.0.2.1")
    with pytest.raises(typer.Exit) as refused:
        open_channel(grpc, "audit")
    assert refused.value.exit_code == 2
