"""Fault 46: no certificate, a foreign or expired one, an unknown name, no or a wrong token."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import grpc
import pytest
from motcua.postal.v1 import postal_partner_pb2 as pb
from motcua.postal.v1.postal_partner_pb2_grpc import PostalPartnerServiceStub

from infra.local.ports import free_port
from kernel.rpc.client import explain
from services.postal.config.partners import SPIFFE
from tests.support.certificates import Authority
from tests.support.identity import metadata
from tests.support.postal_service import FIRST, Serve, Serving, as_partner, take_request

pytestmark = pytest.mark.faults
Code = grpc.StatusCode


@pytest.fixture
def authority() -> Authority:
    """The authority that the office trusts."""
    return Authority()


@pytest.fixture
def secured(serve: Serve, tmp_path: Path, authority: Authority) -> Serving:
    """An office with a listener for partners' certificates."""
    return serve(tls_port=free_port(), **authority.write_server_files(tmp_path))


def call(secured: Serving, authority: Authority, pair: Any, meta: Any = ()) -> Code:
    """Ask for a job over TLS; gives the status of the answer."""
    cert, key = pair or (None, None)
    credentials = grpc.ssl_channel_credentials(authority.pem, key, cert)
    with grpc.secure_channel(f"127.0.0.1:{secured.server.tls_port}", credentials) as channel:
        request = pb.GetMyJobRequest(job_id=str(uuid.uuid4()))
        with pytest.raises(grpc.RpcError) as caught:
            PostalPartnerServiceStub(channel).GetMyJob(request, timeout=5, metadata=meta)
    return explain(caught.value).code


def test_a_partner_works_with_its_certificate(secured: Serving, authority: Authority) -> None:
    """The name in the certificate is the partner; no token and no header is needed."""
    job_id = secured.office.resolve("H22.12.03-210809-0007")
    cert, key = authority.issue("Post", uri=SPIFFE + FIRST)
    credentials = grpc.ssl_channel_credentials(authority.pem, key, cert)
    with grpc.secure_channel(f"127.0.0.1:{secured.server.tls_port}", credentials) as channel:
        answer = PostalPartnerServiceStub(channel).TakeJob(take_request(job_id), timeout=5)

    assert answer.attempt == 1


@pytest.mark.parametrize("case", ["none", "other authority", "expired"])
def test_a_connection_without_a_valid_certificate_is_never_made(
    secured: Serving, authority: Authority, case: str
) -> None:
    """The partner sees UNAVAILABLE, and no handler ran."""
    pair = {
        "none": None,
        "other authority": Authority("somebody").issue("Post", uri=SPIFFE + FIRST),
        "expired": authority.issue("Post", uri=SPIFFE + FIRST, days=-1),
    }[case]

    assert call(secured, authority, pair) == Code.UNAVAILABLE
    assert secured.partner_servicer.begun == 0


@pytest.mark.parametrize("uri", [SPIFFE + "nobody", "spiffe://elsewhere/partner/buudien", ""])
def test_a_certificate_that_names_no_partner_is_refused(
    secured: Serving, authority: Authority, uri: str
) -> None:
    """The right authority but an unknown name: UNAUTHENTICATED, and no handler ran."""
    pair = authority.issue("Post", uri=uri)

    assert call(secured, authority, pair) == Code.UNAUTHENTICATED
    assert call(secured, authority, pair, metadata("partner", FIRST)) == Code.UNAUTHENTICATED
    assert secured.partner_servicer.begun == 0


def test_a_certificate_and_a_token_must_agree(secured: Serving, authority: Authority) -> None:
    """Who shows two identities has none."""
    pair = authority.issue("Post", uri=SPIFFE + "chuyenphat")

    assert call(secured, authority, pair, as_partner(FIRST)) == Code.UNAUTHENTICATED


@pytest.mark.parametrize(
    "meta",
    [
        (),
        metadata(token="wrong"),
        metadata("partner", FIRST),
        metadata("operator", "root"),
        (("authorization", "Basic YTpi"),),
        (("authorization", "Bearer "),),
    ],
)
def test_without_a_valid_token_nothing_runs(serving: Serving, meta: Any) -> None:
    """On the plain listener a claim is no credential."""
    request = pb.GetMyJobRequest(job_id=str(uuid.uuid4()))
    with pytest.raises(grpc.RpcError) as caught:
        serving.partner.GetMyJob(request, timeout=5, metadata=meta)

    assert explain(caught.value).code == Code.UNAUTHENTICATED
    assert serving.partner_servicer.begun == 0
