"""Events as lines of JSON: nothing is lost on the way to a file and back."""

from __future__ import annotations

import base64
import json

import pytest
from google.protobuf.any_pb2 import Any
from motcua.audit.v1 import audit_pb2 as pb
from motcua.events.v1.event_pb2 import Event

from cli.replaying.event_json import NoEvent, from_line, to_line
from tests.support.streamed_events import item


def test_a_line_gives_back_what_it_was_made_from() -> None:
    """To the last byte of what is stored."""
    made = item(1, partition=3, offset=120)
    assert from_line(to_line(made)) == made


def test_a_line_can_be_read_without_this_project() -> None:
    """Its event is JSON; the stored bytes are beside it."""
    made = item(2)
    line = json.loads(to_line(made))
    assert "\n" not in to_line(made)
    assert line["event"]["payload"]["round"] == 2
    assert line["event"]["stream_id"] == made.stream_id
    assert base64.b64decode(line["body"]) == made.body


def test_bytes_that_json_does_not_show_survive() -> None:
    """A field of the envelope, and a type, that this build does not know."""
    unknown = Any(type_url="type.googleapis.com/motcua.future.v9.Unheard", value=b"\x0a\x01x")
    event = Event(event_id="e", stream_kind="dossier", stream_id="s", payload=unknown)
    body = event.SerializeToString() + b"\xaa\x06\x03abc"  # field 101
    made = pb.StreamEventsResponse(
        offset=1, type="Unheard", body=body, stream_id="s", stream_kind="dossier"
    )
    made.occurred_at.CopyFrom(event.occurred_at)
    assert from_line(to_line(made)).body == body


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", "is no event"),
        ("{", "is no event"),
        ("[]", "is no event"),
        ('{"partition": 0, "offset": 1}', "has no 'body'"),
        ('{"partition": 0, "offset": 1, "body": "%"}', "is no event"),
        ('{"partition": 0, "offset": 1, "body": ""}', "is no event"),
        ('{"partition": "x", "offset": 1, "body": ""}', "is no event"),
        ('{"partition": -1, "offset": 1, "body": "CgFl"}', "is no event"),
        (b"\xff\xfe", "is no event"),
    ],
)
def test_what_no_replay_wrote_is_refused(line: str | bytes, words: str) -> None:
    """In words."""
    with pytest.raises(NoEvent, match=words):
        from_line(line)
