"""The ports on which the services listen where nothing else is set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

PORTS: Final[Mapping[str, int]] = {
    "intake": 7401,
    "routing": 7402,
    "postal": 7403,
    "notify": 7404,
    "audit": 7405,
    "web": 7480,
}
"""By name of the service."""
