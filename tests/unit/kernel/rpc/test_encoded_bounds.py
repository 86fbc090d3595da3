"""Items are counted before a large request is decoded."""

from __future__ import annotations

import pytest
from motcua.intake.v1 import intake_pb2 as pb

from kernel.rpc.validation.bounds import broken_bound
from kernel.rpc.validation.encoded_bounds import STEPS, broken_bound_encoded
from tests.support.walk import submission

MANY = 200_000
SUBMISSION = pb.DESCRIPTOR.message_types_by_name["SubmitDossierRequest"]


def counted(request: pb.SubmitDossierRequest) -> tuple[str, str] | None:
    """Return field and rule of what is too much in a request, by its bytes."""
    found = broken_bound_encoded(request.SerializeToString(), SUBMISSION)
    return None if found is None else (found.field, found.rule)


def decoded(request: pb.SubmitDossierRequest) -> tuple[str, str] | None:
    """Return the same, by the decoded request."""
    found = broken_bound(request)
    return None if found is None else (found.field, found.rule)


def test_what_is_in_order_passes() -> None:
    """The same as when it is decoded."""
    assert counted(submission()) is None


def test_too_many_items_are_named_as_they_are_when_decoded() -> None:
    """Field and rule."""
    request = pb.SubmitDossierRequest(parts=[pb.SubmittedPart()] * MANY)
    assert counted(request) == decoded(request) == ("parts", "repeated.max_items")


@pytest.mark.parametrize("data", [b"\x0a", b"\xff" * 12, b"\x0a\xff\xff\x03x", b"\x0b\x0c"])
def test_what_is_not_encoded_rightly_is_left_to_the_decoder(data: bytes) -> None:
    """No field, no number, no end of a text, a group."""
    assert broken_bound_encoded(data, SUBMISSION) is None


def test_fields_that_nobody_knows_are_not_counted_without_end() -> None:
    """They are cheap to decode, and dear to count."""
    request = pb.SubmitDossierRequest(parts=[pb.SubmittedPart()] * MANY)
    unknown = b"\xf8\xff\x01\x00" * (STEPS + 1)
    data = unknown + request.SerializeToString()
    assert broken_bound_encoded(data, SUBMISSION) is None
