"""A confined process that does what it is told: for the tests of what confines it."""

import os
import sys
import tempfile
import time
from io import BytesIO
from typing import Any

from kernel.confined.child import serve


def judge(about: dict[str, Any], content: BytesIO) -> str:
    """Do it."""
    match about["do"]:
        case "count":
            return str(len(content.getbuffer()))
        case "pid":
            return str(os.getpid())
        case "environment":
            return " ".join(os.environ)
        case "memory":
            bytes(2**30)
        case "time":
            while True:
                pass
        case "sleep":
            time.sleep(3600)
        case "die":
            os._exit(0)
        case "write":
            with tempfile.TemporaryFile(buffering=0) as file:
                file.write(b"x")
    sys.exit(1)


if __name__ == "__main__":
    serve(judge)
