"""The name under which the commands act, in development and in what they publish."""

from __future__ import annotations

import getpass
import os


def operator_name() -> str:
    """Return MOTCUA_OPERATOR, or the account that runs the command by name or number."""
    given = os.environ.get("MOTCUA_OPERATOR", "")
    if given:
        return given
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid-{os.getuid()}"
