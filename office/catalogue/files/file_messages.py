"""What is wrong with a file as such, in Vietnamese and English."""

from __future__ import annotations

import csv
import errno
import json
from typing import Final

from kernel.base import toml_files
from office.catalogue.messages import Words

SEPARATORS: Final = (
    "các ô cách nhau bằng dấu phẩy hoặc chấm phẩy",
    "cells are separated by comma or semicolon",
)
_CAUSES: Final = {
    errno.ENOENT: "không có tệp này",
    errno.EACCES: "người dùng này không được phép đọc",
    errno.EISDIR: "là thư mục, không phải tệp",
}
_JSON: Final[tuple[tuple[str, Words], ...]] = (
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
_OTHER: Final = ("không đọc được chỗ này", "this can't be read")


class NoValue(ValueError):
    """A word such as NaN where a value must stand."""


def unreadable(error: OSError) -> Words:
    """Return why a file can't be read."""
    vi = _CAUSES.get(error.errno or 0, "không đọc được tệp")
    return vi, toml_files.unreadable(error)


def no_json(error: ValueError | RecursionError) -> Words:
    """Say where a text is no JSON, and why."""
    if isinstance(error, RecursionError):
        return "lồng quá sâu", "is nested too deeply"
    if isinstance(error, NoValue):
        return f"{error} không phải giá trị", f"{error} is no value"
    if not isinstance(error, json.JSONDecodeError):
        return "có một số quá dài", "a number is too long"
    vi, en = next((words for begins, words in _JSON if error.msg.startswith(begins)), _OTHER)
    return (
        f"dòng {error.lineno}, cột {error.colno}: {vi}",
        f"line {error.lineno}, column {error.colno}: {en}",
    )


def no_csv(error: csv.Error) -> Words:
    """Return why the rest of a table can't be read."""
    if "unexpected end" in str(error):
        return "ngoặc kép chưa đóng", "a quotation mark is not closed"
    return (
        'trong ô có ngoặc kép, mỗi dấu " viết hai lần: ""',
        'within a quoted cell, each " is written twice: ""',
    )
