"""Faust is loaded without the web client that it brings."""

from __future__ import annotations

import subprocess
import sys

from tests.support.paths import ROOT

PROGRAM = """
import sys, threading
from kernel.consumer.reading.buffer import Buffer
from kernel.consumer.reading.faust_adapter import FaustAdapter
adapter = FaustAdapter(Buffer(), "127.0.0.1:9", "any", "any")
threading.Timer(1.0, adapter.stop).start()
adapter.run()  # nobody listens there: an app is made and can't start
print([name for name in sys.modules if name.partition(".")[0] == "aiohttp"])
import aiohttp.client
print(aiohttp.client.ClientSession.__module__)
"""


def test_aiohttp_is_not_loaded_and_can_be() -> None:
    """An app is made and started without aiohttp; a later import of it gets the real one."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, timeout=60
    )

    assert done.stdout.splitlines()[-2:] == ["[]", "aiohttp.client"], done.stderr
