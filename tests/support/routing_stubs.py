"""One client for all services of routing."""

from __future__ import annotations

from typing import Any

from motcua.routing.v1.routing_pb2_grpc import (
    CaseAdministrationServiceStub,
    CaseServiceStub,
    WorkListServiceStub,
)


class RoutingStubs:
    """Has the methods of routing's three stubs: no two of them have one of the same name."""

    def __init__(self, channel: Any) -> None:
        self._stubs = [
            make(channel)
            for make in (WorkListServiceStub, CaseServiceStub, CaseAdministrationServiceStub)
        ]

    def __getattr__(self, method: str) -> Any:
        for stub in self._stubs:
            if hasattr(stub, method):
                return getattr(stub, method)
        raise AttributeError(method)
