"""The office's table of who may do what, ``permissions.toml`` beside this module."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final

from kernel.auth.permissions import Permissions, read_permissions
from kernel.messages.catalogue import BilingualText, FixedText
from office.people.rights import ACCESS_MODEL

SHIPPED: Final = Path(__file__).with_name("permissions.toml")


def role_title(role: str) -> BilingualText:
    """Return what the table calls a role; its name where it has none."""
    found = shipped().roles.get(role)
    return FixedText(found.vi, found.en) if found else FixedText(role, role)


@lru_cache(maxsize=1)
def shipped() -> Permissions:
    """Return the table that ships, read once; raise ``PermissionsError`` naming the mistake."""
    return read_permissions(SHIPPED, ACCESS_MODEL)
