"""The bytes that a request may have."""

import importlib
import pkgutil
from collections.abc import Iterator
from typing import cast

import motcua
import pytest
from google.protobuf.descriptor import Descriptor, MethodDescriptor
from motcua.intake.v1.intake_pb2 import (
    Applicant,
    SubmitDossierRequest,
    SubmittedPart,
)

from kernel.rpc.validation.sizes import SLACK, largest

NFD_ECIRCUMFLEX = "e\u0302\u0309"
"""The character that takes most bytes where it comes decomposed."""


def methods() -> Iterator[MethodDescriptor]:
    """Yield all methods of the published services."""
    for module in pkgutil.walk_packages(motcua.__path__, "motcua."):
        if module.name.endswith("_pb2"):
            file = importlib.import_module(module.name).DESCRIPTOR
            for service in file.services_by_name.values():
                yield from service.methods


@pytest.mark.parametrize("method", list(methods()), ids=lambda method: method.name)
def test_every_request_has_a_size(method: MethodDescriptor) -> None:
    """No request takes more than gRPC's usual limit, so none needs a limit of its own."""
    assert SLACK <= largest(method.input_type) < 4 * 1024 * 1024


def test_the_fullest_dossier_fits() -> None:
    """As many parts as there may be, the longest texts, all of it in the longest bytes."""
    request = SubmitDossierRequest(
        applicant=Applicant(full_name=NFD_ECIRCUMFLEX * 200, address=NFD_ECIRCUMFLEX * 500),
        parts=[SubmittedPart(code="x" * 64, copies=100, sha256="f" * 64)] * 100,
    )
    assert request.ByteSize() < largest(cast(Descriptor, request.DESCRIPTOR))
