"""Limits on callers that no test reaches unless it is about them: most tests call as one officer or
citizen for many, as fast as they can.
"""

from __future__ import annotations

from typing import Any, Final

RATE: Final = "1000000/second"
SETTINGS: Final[dict[str, Any]] = {
    "call_rate_person": RATE,
    "call_rate_address": RATE,
    "call_rate_program": RATE,
    "calls_at_once": 1_000,
}
VARIABLES: Final = {
    "MOTCUA_CALL_RATE_PERSON": RATE,
    "MOTCUA_CALL_RATE_ADDRESS": RATE,
    "MOTCUA_CALL_RATE_PROGRAM": RATE,
    "MOTCUA_CALLS_AT_ONCE": "1000",
}
