"""Start the project's programs, from a checkout or from an installed wheel.

This file is copied into the generated package, as `motcua._entry`. In a wheel, the packages of the
application (`cli`, `kernel`, `services` and so on) are in the folder `motcua/_application`, because
their names are too general for a shared environment; the programs, and no others, find them there.
"""

import os
import sys
from pathlib import Path

_APPLICATION = Path(__file__).with_name("_application")


def main() -> None:
    """Run the `motcua` command."""
    _find_application()
    from cli.main import main as run

    run()


def service() -> None:
    """Run one service: `motcua-service NAME`."""
    _find_application()
    from cli.stack.plan import SERVICES

    if len(sys.argv) != 2 or sys.argv[1] not in SERVICES:
        print(f"usage: motcua-service {{{','.join(SERVICES)}}}", file=sys.stderr)
        raise SystemExit(2)
    command = [sys.executable, "-m", f"services.{sys.argv[1]}.main"]
    os.execv(sys.executable, command)


def _find_application() -> None:
    """Put the application's folder first on the path of this process and of its children.

    PYTHONSAFEPATH keeps the working directory off the path: a folder `services` or `infra` in it
    is the user's own.
    """
    if not _APPLICATION.is_dir():  # a checkout, whose packages are on the path already
        return
    folder = str(_APPLICATION)
    sys.path.insert(0, folder)
    given = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = f"{folder}{os.pathsep}{given}" if given else folder
    os.environ["PYTHONSAFEPATH"] = "1"
