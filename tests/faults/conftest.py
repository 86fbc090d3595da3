"""Fixtures that faults of several services share."""

from tests.integration.notify.conftest import notify_desk
from tests.integration.postal.conftest import serve, serving

__all__ = ["notify_desk", "serve", "serving"]
