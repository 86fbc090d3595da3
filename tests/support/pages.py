"""Commands as the pages of the documentation show them."""

from __future__ import annotations

import re
import shlex

from tests.support.paths import ROOT

_COMMAND = re.compile(r"^ {4,}(?:\$ )?(?:[A-Z_]+=\S+ )*motcua (?=[a-z])(.*)$")


def shown(page: str) -> list[list[str]]:
    """List the arguments of every command on a page, with those that go on over several lines."""
    found: list[list[str]] = []
    whole = ""
    for line in (ROOT / page).read_text(encoding="utf-8").splitlines():
        begins = _COMMAND.match(line)
        whole = f"{whole}\n{line}" if whole else begins[1] if begins else ""
        if not whole or whole.endswith("\\"):
            continue
        try:
            parts = shlex.split(whole.replace("\\\n", " "), comments=True)
        except ValueError:  # a quotation goes on
            continue
        cut = next((n for n, part in enumerate(parts) if part in ("<", ">", "|")), len(parts))
        found.append(parts[:cut])
        whole = ""
    return found
