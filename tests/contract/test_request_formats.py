"""Which texts of requests are normalized and judged: what has a format has it in every request."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from google.protobuf import descriptor_pool
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from motcua.audit.v1 import audit_pb2
from motcua.buf.validate import validate_pb2
from motcua.intake.v1 import intake_pb2
from motcua.notify.v1 import notify_pb2
from motcua.postal.v1 import postal_partner_pb2, postal_pb2
from motcua.routing.v1 import routing_pb2
from motcua.validation.v1 import format_pb2 as pb

from office.normalization import codes
from office.normalization.formats import FORMATS, normalizer_of

FILES = (audit_pb2, intake_pb2, notify_pb2, postal_pb2, postal_partner_pb2, routing_pb2)
OF_A_NAME = {
    "agency": pb.FORMAT_AGENCY_CODE,
    "dossier_code": pb.FORMAT_DOSSIER_CODE,
    "email": pb.FORMAT_EMAIL_ADDRESS,
    "external_code": pb.FORMAT_DOSSIER_CODE,
    "foreign_code": pb.FORMAT_DOSSIER_CODE,
    "full_name": pb.FORMAT_LINE,
    "identity_number": pb.FORMAT_IDENTITY_NUMBER,
    "item_number": pb.FORMAT_ITEM_NUMBER,
    "parent_code": pb.FORMAT_DOSSIER_CODE,
    "phone": pb.FORMAT_PHONE_NUMBER,
    "pin": pb.FORMAT_PIN,
    "procedure_code": pb.FORMAT_PROCEDURE_CODE,
    "unit": pb.FORMAT_UNIT_CODE,
}


def inputs() -> Iterator[Descriptor]:
    """Yield the messages that callers send."""
    for file in FILES:
        for service in file.DESCRIPTOR.services_by_name.values():
            yield from (method.input_type for method in service.methods)


def texts(message: Descriptor) -> Iterator[FieldDescriptor]:
    """Yield the fields of text of a message and of those in it."""
    for field in message.fields:
        if field.type == FieldDescriptor.TYPE_STRING:
            yield field
        elif field.message_type is not None and field.message_type.full_name.startswith("motcua."):
            yield from texts(field.message_type)


FIELDS = {field.full_name: field for message in inputs() for field in texts(message)}


@pytest.mark.parametrize("name", sorted(FIELDS))
def test_a_value_that_has_a_format_has_it_in_every_request(name: str) -> None:
    """Fields of one name are judged alike, and none by a pattern, which nobody can read."""
    field = FIELDS[name]
    rules: Any = field.GetOptions().Extensions[validate_pb2.field].string  # type: ignore[index]
    assert not rules.pattern
    assert not rules.email
    if field.name in OF_A_NAME:
        assert normalizer_of(field) is FORMATS[OF_A_NAME[field.name]]


def test_the_fields_are_found() -> None:
    """All services are looked at."""
    assert len(FIELDS) > 150
    assert normalizer_of(FIELDS["motcua.intake.v1.TrackDossierRequest.pin"]) is codes.pin
    assert descriptor_pool.Default().FindExtensionByName("motcua.validation.v1.format")
