"""Partners come by certificate; anybody else is refused before any handler runs (fault 46)."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from motcua.events.v1.common_pb2 import Actor, ActorKind
from structlog.testing import capture_logs

from infra.local.ports import free_port
from kernel.auth.identity import Credentials
from kernel.base.errors import Unauthenticated
from kernel.rpc.client import explain
from tests.support.certificates import Authority
from tests.support.identity import metadata
from tests.support.probe.service import PARTNER, Running, StartProbe, pb, pb_grpc

Code = grpc.StatusCode
KNOWN = {"urn:motcua:partner:vnpost": "vnpost"}
TOKENS = {"a-good-token": "viettel"}


def authenticate(credentials: Credentials) -> Actor:
    """Know one partner by its certificate and one by its token."""
    found = [KNOWN[uri] for uri in credentials.san_uris if uri in KNOWN]
    if credentials.bearer in TOKENS:
        found.append(TOKENS[credentials.bearer])
    if not found:
        raise Unauthenticated("đối tác không có chứng thực hợp lệ", "no valid credential")
    return Actor(kind=ActorKind.ACTOR_KIND_PARTNER, id=found[0])


@pytest.fixture
def authority() -> Authority:
    """The authority that the server trusts."""
    return Authority()


@pytest.fixture
def partners(start_probe: StartProbe, tmp_path: Path, authority: Authority) -> Running:
    """A probe that takes partners only, with its TLS listener."""
    names = ("Write", "WriteAgain", "Fail", "Who", "Watch", "Gather")
    return start_probe(
        access=dict.fromkeys(names, PARTNER),
        authenticate=authenticate,
        tls_port=free_port(),
        **authority.write_server_files(tmp_path),
    )


@contextmanager
def connected(
    running: Running, authority: Authority, pair: tuple[bytes, bytes] | None
) -> Iterator[Any]:
    """Connect to the TLS listener with a certificate and its key, or without."""
    cert, key = pair if pair is not None else (None, None)
    credentials = grpc.ssl_channel_credentials(authority.pem, key, cert)
    address = f"127.0.0.1:{running.server.tls_port}"
    with grpc.secure_channel(address, credentials) as channel:
        yield pb_grpc.ProbeServiceStub(channel)


def write_request() -> pb.WriteRequest:
    """Return a fresh, right request."""
    return pb.WriteRequest(request_id=str(uuid.uuid4()), code="A", full_name="An")


def test_partner_is_known_by_its_certificate(partners: Running, authority: Authority) -> None:
    """The identity comes from the certificate's URI, whatever the header claims."""
    pair = authority.issue("VNPost", uri="urn:motcua:partner:vnpost")
    with connected(partners, authority, pair) as stub:
        answer = stub.Who(pb.WhoRequest(), timeout=10, metadata=metadata("officer", "boss"))

    assert (answer.kind, answer.id) == (ActorKind.ACTOR_KIND_PARTNER, "vnpost")


@pytest.mark.parametrize("case", ["none", "other authority", "expired"])
def test_connection_without_a_valid_certificate_is_refused(
    partners: Running, authority: Authority, case: str
) -> None:
    """No certificate, another authority's, an expired one: no connection, so UNAVAILABLE."""
    uri = "urn:motcua:partner:vnpost"
    pair = {
        "none": None,
        "other authority": Authority("somebody else").issue("VNPost", uri=uri),
        "expired": authority.issue("VNPost", uri=uri, days=-1),
    }[case]

    with (
        connected(partners, authority, pair) as stub,
        pytest.raises(grpc.RpcError) as caught,
    ):
        stub.Write(write_request(), timeout=10)

    assert caught.value.code() == Code.UNAVAILABLE
    assert partners.probe.begun == 0


@pytest.mark.parametrize("uri", ["urn:motcua:partner:nobody", ""])
def test_certificate_that_names_nobody_known_is_refused(
    partners: Running, authority: Authority, uri: str
) -> None:
    """The right authority but an unknown name, or none: UNAUTHENTICATED before any handler."""
    with (
        connected(partners, authority, authority.issue("X", uri=uri)) as stub,
        pytest.raises(grpc.RpcError) as caught,
    ):
        stub.Write(write_request(), timeout=10)

    assert explain(caught.value).code == Code.UNAUTHENTICATED
    assert partners.probe.begun == 0


def test_token_on_the_plain_listener(partners: Running) -> None:
    """On loopback a partner may show a token; a wrong one, or a mere claim, is refused."""
    stub = partners.stub
    answer = stub.Who(pb.WhoRequest(), timeout=10, metadata=metadata(token="a-good-token"))
    codes = []
    for meta in (metadata(token="a-bad-token"), metadata("partner", "viettel"), ()):
        with pytest.raises(grpc.RpcError) as caught:
            stub.Who(pb.WhoRequest(), timeout=10, metadata=meta)
        codes.append(explain(caught.value).code)

    assert answer.id == "viettel"
    assert codes == [Code.UNAUTHENTICATED] * 3


def test_no_reflection_on_the_tls_listener(partners: Running, authority: Authority) -> None:
    """The listener that faces outside offers the services and health, nothing else."""
    from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

    cert, key = authority.issue("VNPost", uri="urn:motcua:partner:vnpost")
    credentials = grpc.ssl_channel_credentials(authority.pem, key, cert)
    address = f"127.0.0.1:{partners.server.tls_port}"
    with grpc.secure_channel(address, credentials) as channel:
        stub = reflection_pb2_grpc.ServerReflectionStub(channel)
        ask = reflection_pb2.ServerReflectionRequest(list_services="")
        with pytest.raises(grpc.RpcError) as caught:
            list(stub.ServerReflectionInfo(iter([ask]), timeout=10))

    assert caught.value.code() == Code.UNIMPLEMENTED


def test_renewed_certificates_are_used_without_a_restart(
    partners: Running, authority: Authority, tmp_path: Path
) -> None:
    """When the files change, new connections meet the new authority."""
    renewed = Authority("next year's authority")
    renewed.write_server_files(tmp_path)

    pair = renewed.issue("VNPost", uri="urn:motcua:partner:vnpost")
    with connected(partners, renewed, pair) as stub:
        assert stub.Who(pb.WhoRequest(), timeout=10).id == "vnpost"


def test_a_file_that_cannot_be_read_leaves_the_certificate_in_use(
    partners: Running, authority: Authority, tmp_path: Path
) -> None:
    """While one of the files is gone, connections meet what was read last, and one line says so."""
    pair = authority.issue("VNPost", uri="urn:motcua:partner:vnpost")
    kept = {path: path.read_bytes() for path in tmp_path.glob("*.pem")}
    for path in kept:
        path.unlink()
    with capture_logs() as lines:
        for _ in range(3):
            with connected(partners, authority, pair) as stub:
                assert stub.Who(pb.WhoRequest(), timeout=10).id == "vnpost"
    logged = [line["event"] for line in lines if line["event"].startswith("rpc.certificate")]
    assert kept
    assert logged == ["rpc.certificate_unreadable"]
