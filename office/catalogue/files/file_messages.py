"""Why a file can't be parsed, in Vietnamese and English."""

from __future__ import annotations

import csv
import errno
import json
from typing import Final

from kernel.base import toml_files
from office.catalogue.messages import BilingualText

SEPARATORS: Final = (
    "các ô cách nhau bằng dấu phẩy hoặc chấm phẩy",
    "cells are separated by comma or semicolon",
)
_CAUSES: Final = {
    errno.ENOENT: "không có tệp này",
    errno.EACCES: "người dùng này không được phép đọc",
    errno.EISDIR: "là thư mục, không phải tệp",
}
_JSON_CAUSES: Final[tuple[tuple[str, BilingualText], ...]] = (
    ("Expecting ','", ("thiếu dấu phẩy trước chỗ này", "a comma is missing before this")),
    ("Expecting ':'", ("thiếu dấu hai chấm trước chỗ này", "a colon is missing before this")),
    ("Expecting property name", (
        "chờ một tên trong ngoặc kép (trước đó có thể thừa dấu phẩy)",
        "a name in quotation marks is missing here (is there a comma too many before it?)",
    )),
    ("Illegal trailing comma", ("thừa dấu phẩy", "there is a comma too many")),
    ("Expecting value", (
        "chờ một giá trị (trước đó có thể thừa dấu phẩy; văn bản đặt trong ngoặc kép)",
        "a value is missing here (is there a comma too many before it? texts need quotation"
        " marks)",
    )),
    ("Extra data", ("còn nội dung sau khi tệp đã kết thúc", "after the end there is more")),
    ("Unterminated string", ("ngoặc kép chưa đóng", "a quotation mark is not closed")),
    ("Invalid control", (
        "ngoặc kép chưa đóng trên dòng này",
        "a quotation mark is not closed on its line",
    )),
    ("Invalid \\", (
        "sau \\ là chữ không có nghĩa: viết \\\\",
        "after \\ stands a letter without a meaning: write \\\\",
    )),
)  # fmt: skip
_OTHER_CAUSE: Final = ("không đọc được chỗ này", "this can't be read")


class InvalidJsonConstant(ValueError):
    """A constant such as NaN, which JSON does not have."""


def unreadable(error: OSError) -> BilingualText:
    """Return why a file can't be read."""
    vi = _CAUSES.get(error.errno or 0, "không đọc được tệp")
    return vi, toml_files.unreadable(error)


def json_cause(error: ValueError | RecursionError) -> BilingualText:
    """Return where a text is no JSON, and why."""
    if isinstance(error, RecursionError):
        return "lồng quá sâu", "is nested too deeply"
    if isinstance(error, InvalidJsonConstant):
        return f"{error} không phải giá trị", f"{error} is no value"
    if not isinstance(error, json.JSONDecodeError):
        return "có một số quá dài", "a number is too long"
    vi, en = next(
        (text for begins, text in _JSON_CAUSES if error.msg.startswith(begins)), _OTHER_CAUSE
    )
    return (
        f"dòng {error.lineno}, cột {error.colno}: {vi}",
        f"line {error.lineno}, column {error.colno}: {en}",
    )


def csv_cause(error: csv.Error) -> BilingualText:
    """Return why the rest of a table can't be read."""
    if "unexpected end" in str(error):
        return "ngoặc kép chưa đóng", "a quotation mark is not closed"
    return (
        'trong ô có ngoặc kép, mỗi dấu " viết hai lần: ""',
        'within a quoted cell, each " is written twice: ""',
    )
