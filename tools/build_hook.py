"""Generate gen/ before a wheel is built, so that a wheel from a fresh clone is whole.

hatchling runs this file. An editable installation generates nothing: the Makefile does that, and
again when a .proto changes.
"""

import sys
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class GenerateCode(BuildHookInterface[Any]):
    """Brings gen/ up to date with protos/."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Generate, unless the build is editable."""
        if version == "editable":
            return
        sys.path.insert(0, self.root)
        from tools.protos import update

        update()
