"""The texts of validation rules in Vietnamese and English; ``{0}`` stands for the rule's limit.

protovalidate has English texts only; a rule without a row here keeps its text.
"""

from __future__ import annotations

from typing import Final

PLAIN: Final = "text.plain"
"""A rule of this package: text without control characters, marks that change the direction, or
stacks of combining marks.
"""
INSTANT: Final = "timestamp.instant"
"""A rule of this package: an instant in the years 1 to 9999, as protobuf defines it."""
WELL_FORMED: Final = "message.well_formed"
UUID: Final = "string.uuid"

TEXTS: Final[dict[str, tuple[str, str]]] = {
    PLAIN: (
        "có ký tự điều khiển, ký tự đảo chiều chữ hoặc quá nhiều dấu chồng nhau",
        "has control characters, marks that turn the direction, or too many combining marks",
    ),
    INSTANT: ("phải là một thời điểm từ năm 1 đến năm 9999", "must lie in the years 1 to 9999"),
    WELL_FORMED: ("nội dung yêu cầu không đọc được", "the request's bytes can't be decoded"),
    "required": ("bắt buộc phải có", "is required"),
    "string.len": ("phải có đúng {0} ký tự", "must have exactly {0} characters"),
    "string.min_len": ("phải có ít nhất {0} ký tự", "must have at least {0} characters"),
    "string.max_len": ("chỉ được có nhiều nhất {0} ký tự", "must have at most {0} characters"),
    "string.min_bytes": ("phải có ít nhất {0} byte", "must have at least {0} bytes"),
    "string.max_bytes": ("chỉ được có nhiều nhất {0} byte", "must have at most {0} bytes"),
    "string.pattern": ("không đúng định dạng {0}", "must match {0}"),
    "string.prefix": ("phải bắt đầu bằng {0}", "must begin with {0}"),
    "string.suffix": ("phải kết thúc bằng {0}", "must end with {0}"),
    "string.contains": ("phải chứa {0}", "must contain {0}"),
    "string.not_contains": ("không được chứa {0}", "must not contain {0}"),
    "string.const": ("phải là {0}", "must be {0}"),
    "string.in": ("phải là một trong {0}", "must be one of {0}"),
    "string.not_in": ("không được là một trong {0}", "must not be one of {0}"),
    "string.email": ("không phải địa chỉ thư điện tử", "must be an e-mail address"),
    "string.email_empty": ("không phải địa chỉ thư điện tử", "must be an e-mail address"),
    "string.hostname": ("không phải tên máy chủ", "must be a host name"),
    "string.uri": ("không phải địa chỉ URI", "must be a URI"),
    "string.uri_empty": ("không phải địa chỉ URI", "must be a URI"),
    UUID: ("phải là UUID", "must be a UUID"),
    "string.uuid_empty": ("phải là UUID", "must be a UUID"),
    "bytes.len": ("phải có đúng {0} byte", "must have exactly {0} bytes"),
    "bytes.min_len": ("phải có ít nhất {0} byte", "must have at least {0} bytes"),
    "bytes.max_len": ("chỉ được có nhiều nhất {0} byte", "must have at most {0} bytes"),
    "enum.const": ("phải là giá trị {0}", "must be the value {0}"),
    "enum.defined_only": ("phải là một giá trị đã định nghĩa", "must be one of the defined values"),
    "enum.in": ("phải là một trong {0}", "must be one of {0}"),
    "enum.not_in": ("phải được chọn; không nhận giá trị {0}", "must be chosen; may not be {0}"),
    "bool.const": ("phải là {0}", "must be {0}"),
    "repeated.min_items": ("phải có ít nhất {0} mục", "must have at least {0} items"),
    "repeated.max_items": ("chỉ được có nhiều nhất {0} mục", "must have at most {0} items"),
    "repeated.unique": ("các mục không được trùng nhau", "must not hold the same item twice"),
    "map.min_pairs": ("phải có ít nhất {0} cặp", "must have at least {0} pairs"),
    "map.max_pairs": ("chỉ được có nhiều nhất {0} cặp", "must have at most {0} pairs"),
    "timestamp.lt_now": ("phải ở trong quá khứ", "must be in the past"),
    "timestamp.gt_now": ("phải ở trong tương lai", "must be in the future"),
    "timestamp.within": ("phải cách hiện tại không quá {0}", "must be within {0} of now"),
    "message.oneof": (
        "phải có đúng một trong các trường được phép",
        "needs exactly one of the fields allowed",
    ),
}

_NUMBERS: Final = (
    "int32", "int64", "uint32", "uint64", "sint32", "sint64", "fixed32", "fixed64", "sfixed32",
    "sfixed64", "float", "double", "timestamp", "duration",
)  # fmt: skip
_COMPARISONS: Final[dict[str, tuple[str, str]]] = {
    "const": ("phải bằng {0}", "must be {0}"),
    "gt": ("phải lớn hơn {0}", "must be greater than {0}"),
    "gte": ("phải từ {0} trở lên", "must be {0} or more"),
    "lt": ("phải nhỏ hơn {0}", "must be less than {0}"),
    "lte": ("phải từ {0} trở xuống", "must be {0} or less"),
    "in": ("phải là một trong {0}", "must be one of {0}"),
    "not_in": ("không được là một trong {0}", "must not be one of {0}"),
    "finite": ("phải là số hữu hạn", "must be a finite number"),
}
_RANGES: Final[tuple[str, ...]] = ("gt_lt", "gte_lt", "gt_lte", "gte_lte")
_RANGE: Final = ("nằm ngoài khoảng cho phép", "is outside of the range allowed")

for _number in _NUMBERS:
    for _name, _text in _COMPARISONS.items():
        TEXTS[f"{_number}.{_name}"] = _text
    for _name in _RANGES:
        TEXTS[f"{_number}.{_name}"] = _RANGE
        TEXTS[f"{_number}.{_name}_exclusive"] = _RANGE


def words(rule: str, limit: str, fallback: str) -> tuple[str, str]:
    """Return a rule's text in Vietnamese and English; ``fallback`` for both without one."""
    texts = TEXTS.get(rule)
    if texts is None:
        return fallback, fallback
    return texts[0].format(limit), texts[1].format(limit)
