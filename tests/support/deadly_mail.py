"""A mail server that kills its client before it has the answer."""

from __future__ import annotations

import os
import signal

from infra.local.smtp import SinkHandler


class DeadlyHandler(SinkHandler):
    """Takes a mail, and kills its sender before it has the answer."""

    victim = 0

    async def handle_DATA(self, server, session, envelope):  # type: ignore[no-untyped-def]  # noqa: N802
        answer = await super().handle_DATA(server, session, envelope)
        if self.victim:
            os.kill(self.victim, signal.SIGKILL)
            self.victim = 0
        return answer
