"""A page token gives back what was packed, and what anybody makes up is refused."""

from base64 import b64encode

import pytest

from kernel.base.errors import Invalid, Violation
from kernel.base.page_token import pack, place, unpack
from kernel.messages.catalogue import FixedText

WRONG = Violation("page_token", "page_token", FixedText("sai", "wrong"))


def test_a_token_gives_back_what_was_packed() -> None:
    """The last text may hold what separates the parts, and letters of any language."""
    token = pack(-(2**63), 7, "hồ sơ|1")
    assert unpack(token, int, int, str) == [-(2**63), 7, "hồ sơ|1"]
    assert place(token, WRONG, int, int, str) == (-(2**63), 7, "hồ sơ|1")


@pytest.mark.parametrize(
    "token",
    [
        *("", "x", "%%%", "///==", "\u00e9", "bm90aGluZw=="),
        *(b64encode(raw).decode() for raw in (b"1", b"x|a", b"1|a\0b", b"1|\xff", b"|a")),
        *(b64encode(f"{n}|a".encode()).decode() for n in (2**63, -(2**63) - 1)),
    ],
)
def test_another_text_is_no_token(token: str) -> None:
    """A number that is none or beyond 64 bits, a NUL, other bytes than UTF-8, a part too few."""
    with pytest.raises(ValueError):  # noqa: PT011
        unpack(token, int, str)
    with pytest.raises(Invalid) as invalid:
        place(token, WRONG, int, str)
    assert invalid.value.violations == (WRONG,)
