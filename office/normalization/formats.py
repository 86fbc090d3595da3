"""The table of formats: what normalizes and judges the texts of a field.

The field's format is an option in its .proto (motcua/validation/v1/format.proto).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from google.protobuf.descriptor import FieldDescriptor
from motcua.validation.v1 import format_pb2 as pb

from kernel.rpc.validation.normalizers import Normalizer
from office.normalization import codes
from office.normalization.days import day
from office.normalization.email_addresses import email_address
from office.normalization.identity_numbers import identity_number
from office.normalization.item_numbers import item_number
from office.normalization.legibility import legible_line
from office.normalization.phone_numbers import phone_number

FORMATS: Final[Mapping[int, Normalizer]] = {
    pb.FORMAT_LINE: legible_line,
    pb.FORMAT_PHONE_NUMBER: phone_number,
    pb.FORMAT_IDENTITY_NUMBER: identity_number,
    pb.FORMAT_EMAIL_ADDRESS: email_address,
    pb.FORMAT_DOSSIER_CODE: codes.dossier_code,
    pb.FORMAT_UNIT_CODE: codes.unit_code,
    pb.FORMAT_PROCEDURE_CODE: codes.procedure_code,
    pb.FORMAT_ITEM_NUMBER: item_number,
    pb.FORMAT_TRACKING_EVENT: codes.tracking_event,
    pb.FORMAT_PIN: codes.pin,
    pb.FORMAT_DAY: day,
    pb.FORMAT_SHA256: codes.sha256,
    pb.FORMAT_RECEIPT_NUMBER: codes.receipt_number,
    pb.FORMAT_SYSTEM_NAME: codes.system_name,
    pb.FORMAT_AGENCY_CODE: codes.agency_code,
}


def normalizer_of(field: FieldDescriptor) -> Normalizer | None:
    """Return what normalizes the texts of a field; None for one without a format."""
    option: Any = pb.format  # the generated stub does not name its type
    number = field.GetOptions().Extensions[option]
    return FORMATS[number] if number else None
