"""What a webhook's receiver gets."""

from __future__ import annotations

import base64
import hmac
import json
from hashlib import sha256

import pytest
from standardwebhooks import Webhook

from cli.replaying.targets.target import TargetFailed
from cli.replaying.targets.webhook import WebhookTarget, secret_problem, url_problem
from infra.local.ports import free_port
from tests.support.streamed_events import item
from tests.support.webhook_receiver import Received, WebhookReceiver

KEY = bytes(range(32))
SECRET = base64.b64encode(KEY).decode()


def test_an_event_comes_as_a_cloud_event_that_its_signature_proves() -> None:
    """Signed as Standard Webhooks describe it: counted here by hand, and by its own library."""
    made = item(1, partition=3, offset=120)
    with WebhookReceiver() as receiver:
        target = WebhookTarget(receiver.url, SECRET)
        target.send(made)
        target.close()
    (got,) = receiver.received
    signed = f"{got.headers['webhook-id']}.{got.headers['webhook-timestamp']}.".encode() + got.body
    mac = base64.b64encode(hmac.digest(KEY, signed, sha256)).decode()
    assert got.headers["webhook-signature"] == f"v1,{mac}"
    Webhook(f"whsec_{SECRET}").verify(got.body, got.headers)
    body = json.loads(got.body)
    assert got.headers["content-type"].startswith("application/cloudevents+json")
    assert (body["specversion"], body["id"]) == ("1.0", got.headers["webhook-id"])
    assert body["type"] == "motcua.intake.v1.SupplementSubmitted"
    assert (body["source"], body["subject"]) == ("intake", made.stream_id)
    assert body["time"] == "2021-08-09T01:00:00+00:00"
    assert (body["partition"], body["offset"]) == (3, 120)
    assert body["data"]["payload"]["round"] == 1


def test_a_receiver_that_is_overloaded_gets_the_event_later() -> None:
    """The same event, with the same id; it says itself when."""
    statuses = iter([503, 429, 200])
    headers = {503: {}, 429: {"retry-after": "0"}, 200: {}}

    def answer(_: Received) -> tuple[int, dict[str, str]]:
        status = next(statuses)
        return status, headers[status]

    with WebhookReceiver(answer) as receiver:
        target = WebhookTarget(receiver.url, SECRET)
        target.send(item(1))
        target.close()
    assert len(receiver.received) == 3
    assert len({got.body for got in receiver.received}) == 1


@pytest.mark.parametrize("status", [302, 400, 401, 410])
def test_a_refusal_stops_the_replay(status: int) -> None:
    """With the event and the answer; nobody is followed to another address."""
    where = {"location": "http://127.0.0.1:9/elsewhere"}
    with WebhookReceiver(lambda _: (status, where)) as receiver:
        target = WebhookTarget(receiver.url, SECRET)
        with pytest.raises(TargetFailed) as failed:
            target.send(item(1, partition=3, offset=120))
        target.close()
    assert str(failed.value) == (
        f"{receiver.url} answered {status} to SupplementSubmitted at 3:120"
    )
    assert len(receiver.received) == 1


def test_a_receiver_that_is_away_stops_the_replay_after_some_tries() -> None:
    """With its address."""
    target = WebhookTarget(f"http://127.0.0.1:{free_port()}/x", SECRET, tries=2)
    with pytest.raises(TargetFailed, match=r"/x does not answer: NewConnectionError"):
        target.send(item(1))
    target.close()


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("https://example.vn/events", ""),
        ("http://127.0.0.1:8080/events", ""),
        ("http://[::1]/", ""),
        ("http://example.vn/events", "must begin with https"),
        ("http://127.0.0.1.example.vn/", "must begin with https"),
        ("ftp://example.vn/", "is no address"),
        ("example.vn", "is no address"),
        ("https://", "is no address"),
        ("https://example.vn:99999/", "is no address"),
        ("http://[::1/", "is no address"),
    ],
)
def test_events_leave_this_machine_over_tls_alone(url: str, problem: str) -> None:
    """They are sealed, but who deals with whom is not."""
    found = url_problem(url)
    assert found.startswith(problem)
    assert bool(found) is bool(problem)


@pytest.mark.parametrize(
    ("secret", "problem"),
    [
        (SECRET, ""),
        (f"whsec_{SECRET}", ""),
        ("", "has fewer than 24 bytes"),
        ("c2hvcnQ=", "has fewer than 24 bytes"),
        ("no base 64!", "is no Base64"),
        ("ậ", "is no Base64"),
    ],
)
def test_a_secret_that_can_be_guessed_is_refused(secret: str, problem: str) -> None:
    """And one that is none."""
    assert secret_problem(secret) == problem
