"""The name under which the commands act, in development and in what they publish."""

from __future__ import annotations

import getpass
import os

from cli.settings import settings


def operator_name() -> str:
    """Return MOTCUA_OPERATOR, or the account that runs the command by name or number."""
    if given := settings().operator:
        return given
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid-{os.getuid()}"
