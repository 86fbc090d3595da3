"""Events sent to an address: one POST each, a CloudEvent in JSON, signed by the rules of Standard
Webhooks.
"""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

import urllib3
from motcua.audit.v1 import audit_pb2 as pb
from motcua.events.v1.event_pb2 import Event
from standardwebhooks import Webhook

from cli.replaying.event_json import document
from cli.replaying.targets.target import TargetFailed
from kernel.base.instants import isoformat, to_us
from kernel.config.loopback import is_loopback
from kernel.eventsourcing.envelope import type_name

SECONDS: Final = 10.0
"""For an answer."""
TRIES: Final = 8
"""With growing waits between them: a minute and a half altogether."""
_LATER: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
_ANSWER: Final = 4_096
"""Bytes of an answer that are read."""


class WebhookTarget:
    """Sends an event when the one before it was taken: answered with 200 to 299."""

    def __init__(self, url: str, secret: str, tries: int = TRIES) -> None:
        """``url`` is checked by ``url_problem``; ``secret`` is in Base64, with `whsec_` before it
        or not.
        """
        self._url = url
        self._webhook = Webhook(secret)
        self._pool = urllib3.PoolManager(
            timeout=SECONDS,
            retries=urllib3.Retry(
                total=tries - 1,
                redirect=False,
                backoff_factor=0.5,
                backoff_max=30,
                status_forcelist=_LATER,
                allowed_methods=None,
                raise_on_status=False,
            ),
        )

    def send(self, item: pb.StreamEventsResponse) -> None:
        """Send an event, and wait until it is taken."""
        body = cloud_event(item)
        event_id = body["id"]
        text = json.dumps(body, ensure_ascii=False)
        now = datetime.now(UTC)
        sent = {
            "content-type": "application/cloudevents+json; charset=utf-8",
            "webhook-id": event_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._webhook.sign(event_id, now, text),
        }
        try:
            answer = self._pool.request(
                "POST", self._url, body=text.encode(), headers=sent, preload_content=False
            )
        except urllib3.exceptions.HTTPError as error:
            reason = type(getattr(error, "reason", None) or error).__name__
            raise TargetFailed(f"{self._url} does not answer: {reason}") from error
        with answer:
            answer.read(_ANSWER)
            status = answer.status
        if not 200 <= status < 300:
            place = f"{item.partition}:{item.offset}"
            raise TargetFailed(f"{self._url} answered {status} to {item.type} at {place}")

    def flush(self) -> int:
        """Do nothing: all was taken."""
        return 0

    def finish(self) -> None:
        """Do nothing: all was taken."""

    def close(self) -> None:
        """Close the connections."""
        self._pool.clear()


def cloud_event(item: pb.StreamEventsResponse) -> dict[str, Any]:
    """Return an event as a CloudEvent in JSON's structured mode."""
    event = Event.FromString(item.body)
    return {
        "specversion": "1.0",
        "id": event.event_id,
        "type": type_name(event),
        "source": event.source,
        "time": isoformat(to_us(event.occurred_at)),
        "subject": event.stream_id,
        "streamkind": event.stream_kind,
        "partition": item.partition,
        "offset": item.offset,
        "datacontenttype": "application/json",
        "data": document(event),
    }


def url_problem(url: str) -> str:
    """Return why nothing may be sent to an address; empty when it may."""
    try:
        found = urlsplit(url)
        host, _port = found.hostname or "", found.port
    except ValueError:
        return "is no address"
    if found.scheme not in ("http", "https") or not host:
        return "is no address that begins with https://"
    if found.scheme == "http" and not is_loopback(host):
        return "must begin with https://: without TLS, events may only go to this machine"
    return ""


def secret_problem(secret: str) -> str:
    """Return why a secret can't sign; empty when it can."""
    try:
        size = len(base64.b64decode(secret.removeprefix("whsec_"), validate=True))
    except ValueError:
        return "is no Base64"
    return "" if size >= 24 else "has fewer than 24 bytes"
