"""The process in which contents are looked at."""

from __future__ import annotations

from io import BytesIO
from typing import Any, Final

from kernel.confined.worker import ConfinedWorkers

MODULE: Final = "office.content.confined"
SECONDS: Final = 20
"""Of processor time for one content."""
SPACE: Final = 1536 * 1024 * 1024
"""Bytes of address space beside the content itself, three times."""


def content_workers(largest: int) -> ConfinedWorkers:
    """Return processes that look at contents of ``largest`` bytes at most."""
    return ConfinedWorkers(MODULE, memory=SPACE + 3 * largest, seconds=SECONDS)


def judge(about: dict[str, Any], content: BytesIO) -> str:
    """Return the finding on a content whose ``media_type`` was announced."""
    from office.content.checks import finding

    return finding(content, str(about["media_type"])).value


if __name__ == "__main__":
    from kernel.confined.child import serve

    serve(judge)
