"""The texts for callers whose token is refused, in Vietnamese and English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from kernel.base.errors import Unauthenticated


def missing() -> Unauthenticated:
    """Return the failure of a caller without a token where one is needed."""
    return refused("TOKEN_MISSING")


def refused(code: str, claim: str = "") -> Unauthenticated:
    """Return the failure of a reason; ``claim`` is the one that is missing or wrong."""
    vi, en = _TEXTS[code]
    return Unauthenticated(vi.format(claim), en.format(claim), code)


_TEXTS: Final[Mapping[str, tuple[str, str]]] = {
    "TOKEN_MISSING": (
        "cần cho biết người gọi bằng mã thông báo (authorization: Bearer …)",
        "say who calls with a token (authorization: Bearer ...)",
    ),
    "TOKEN_TOO_LONG": ("mã thông báo quá dài", "the token is too long"),
    "TOKEN_MALFORMED": ("mã thông báo sai dạng", "the token is malformed"),
    "TOKEN_UNSIGNED": ("mã thông báo không có chữ ký", "the token is not signed"),
    "TOKEN_ALGORITHM_REFUSED": (
        "mã thông báo ký bằng thuật toán không được chấp nhận",
        "the token is signed by an algorithm that is not accepted",
    ),
    "TOKEN_KEY_UNKNOWN": (
        "không biết khóa đã ký mã thông báo",
        "the key that signed the token is not known",
    ),
    "TOKEN_SIGNATURE_WRONG": (
        "chữ ký của mã thông báo không đúng",
        "the token's signature is wrong",
    ),
    "TOKEN_CLAIM_MISSING": ("mã thông báo thiếu mục {}", "the token lacks {}"),
    "TOKEN_CLAIM_WRONG": ("mục {} của mã thông báo không đúng", "the token's {} is wrong"),
    "TOKEN_ISSUER_WRONG": (
        "mã thông báo không do nơi được tin cậy cấp",
        "the token is not of the issuer trusted here",
    ),
    "TOKEN_AUDIENCE_WRONG": (
        "mã thông báo cấp cho hệ thống khác",
        "the token is meant for another audience",
    ),
    "TOKEN_NOT_YET_VALID": ("mã thông báo chưa có hiệu lực", "the token is not valid yet"),
    "TOKEN_EXPIRED": (
        "mã thông báo đã hết hạn, xin đăng nhập lại",
        "the token has expired; sign in again",
    ),
    "TOKEN_LIFETIME_TOO_LONG": (
        "mã thông báo có thời hạn quá 24 giờ",
        "the token is valid for more than 24 hours",
    ),
    "TOKEN_KIND_UNKNOWN": (
        "mã thông báo nêu loại người gọi không được biết",
        "the token names a kind of caller that is not known",
    ),
    "TOKEN_SUBJECT_PERSONAL": (
        "mã thông báo dùng số định danh, số điện thoại hoặc thư điện tử làm tên người gọi",
        "the token names its caller by an identity number, telephone number or e-mail address",
    ),
}
