"""The rules of the catalogue and their messages in Vietnamese and English."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

BilingualText = tuple[str, str]
"""Vietnamese and English."""

CODE: Final = r"^\d\.\d{6}(\.[0-9A-Z.]{1,30})?$"
AGENCY: Final = r"^[0-9A-Z]+(\.[0-9A-Z]+)*$"
UNIT_OR_LEVEL: Final = r"^([0-9A-Z]+(\.[0-9A-Z]+)*|province|district|commune)$"
FIELD: Final = r"^[0-9A-Z-]{1,64}$"
PART: Final = r"^[0-9A-Za-z-]{1,16}$"
PROCESS: Final = r"^[a-z][a-z0-9-]{0,39}$"

RULES: Final[dict[str, BilingualText]] = {
    # of one value
    "missing": ("bắt buộc phải có", "is missing"),
    "unknown": ("không có mục này", "means nothing here"),
    "unknown.near": (
        "không có mục này; có phải là {0} không?",
        "means nothing here; is {0} meant?",
    ),
    "text": ("phải là văn bản", "must be a text"),
    "text.empty": ("không được để trống", "must not be empty"),
    "text.long": ("dài quá {0} ký tự", "is longer than {0} characters"),
    "text.pattern": ("phải là {0}", "must be {1}"),
    "text.control": (
        "có ký tự điều khiển U+{0}, thường do chép từ chương trình khác",
        "contains the control character U+{0}",
    ),
    "text.form": (
        "không phải Unicode dựng sẵn (NFC)",
        "is not in Unicode's composed form (NFC)",
    ),
    "text.blank": (
        "có khoảng trắng thừa ở đầu hoặc cuối",
        "begins or ends with blanks",
    ),
    "choice": ("phải là một trong {0}", "must be one of {0}"),
    "form": ("không đúng dạng", "has not the right form"),
    "object": ("phải là một mục có các khóa riêng", "must be an entry with keys of its own"),
    "list": ("phải là một danh sách", "must be a list"),
    "list.short": ("phải có ít nhất {0} mục", "must have at least {0} entry"),
    "number": ("phải là số nguyên", "must be a whole number"),
    "number.low": ("phải từ {0} trở lên", "must be {0} or more"),
    "number.high": ("không được quá {0}", "must be {0} or less"),
    "yes_no": ("phải là yes hoặc no", "must be yes or no"),
    "date": (
        "phải là ngày viết dạng 2021-08-09",
        "must be a day written like 2021-08-09",
    ),
    "date.local": (
        "không rõ ngày nào: viết dạng 2021-08-09, không viết 09/08/2021",
        "can be read in two ways: write it like 2021-08-09, not like 09/08/2021",
    ),
    "date.excel": (
        "là số của Excel, có lẽ là ngày {0}: định dạng ô là ngày, hoặc viết {0}",
        "is a number of Excel, perhaps {0}: format the cell as a date, or write {0}",
    ),
    "date.time": ("là thời điểm, không phải ngày", "is a time, not a day"),
    "duration": (
        "phải viết như 3wd (ngày làm việc), 4wh (giờ làm việc), 5cd (ngày) hoặc none; nhiều giai"
        " đoạn (tối đa 3) nối bằng dấu +, như 20cd+5wd",
        "{0}",
    ),
    "code.number": (
        "là số nên có thể đã mất chữ số 0 ở cuối: định dạng cột là văn bản",
        "is a number and may have lost zeros at its end: format the column as text",
    ),
    "cell.formula": (
        "là công thức; công thức không bao giờ được tính: ghi giá trị",
        "is a formula; formulas are never computed: write the value",
    ),
    "cell.error": ("là lỗi của Excel ({0})", "is an error of Excel ({0})"),
    "cell.long": ("dài quá {0} ký tự", "is longer than {0} characters"),
    "cell.unused": (
        "không dùng cho dòng loại {0}",
        "has no meaning in a row of the kind {0}",
    ),
    # of entries and of what ties them together
    "row.kind": (
        "phải là field, procedure, part, fee, condition hoặc exempt",
        "must be field, procedure, part, fee, condition or exempt",
    ),
    "row.orphan": (
        "không có dòng procedure của phiên bản này ở trên",
        "there is no procedure row of this version above",
    ),
    "repeated": ("{0} đã có rồi", "{0!r} is there already"),
    "repeated.entry": ("có {0} lần", "is there {0} times"),
    "unit.unknown": ("không có đơn vị {0}", "{0!r} is no unit"),
    "field.unknown": ("không có lĩnh vực {0}", "{0!r} is no field"),
    "process.unknown": ("không có quy trình {0}", "{0!r} is no process"),
    "process.cycle": (
        "mở hồ sơ liên thông không dứt: {0}",
        "would open dossiers without end: {0}",
    ),
    "units.unknown": (
        "{0} không phải đơn vị hay cấp (province, district, commune)",
        "{0!r} is neither a unit nor a level (province, district, commune)",
    ),
    "unit.within": ("thuộc {0}, không có đơn vị này", "lies within {0!r}, which is no unit"),
    "unit.old_code": (
        "phải có 13 ký tự dạng 000.00.02.H22",
        "must have 13 characters like 000.00.02.H22",
    ),
    "unit.old_code_to": ("phải đi cùng old_code", "belongs together with old_code"),
    "unit.successor_unknown": ("không có đơn vị này", "is no unit"),
    "unit.successor_of_none": (
        "chỉ đơn vị có valid_to mới có đơn vị kế tục",
        "is for a unit with valid_to only",
    ),
    "unit.successor_cycle": ("dẫn về chính đơn vị này", "leads back to the unit itself"),
    "dates.order": ("trước valid_from", "lies before valid_from"),
    "versions.order": (
        "là {0}: các phiên bản đánh số 1, 2, 3 ... liên tục",
        "is {0}: versions count 1, 2, 3 ... in order",
    ),
    "versions.dates": (
        "phải sau valid_to của phiên bản {0}",
        "must lie after the valid_to of version {0}",
    ),
    "versions.begin": (
        "phải sau valid_from của phiên bản {0}",
        "must lie after the valid_from of version {0}",
    ),
    "versions.next": (
        "phải là {0}: phiên bản mới nhất đã công bố là {1}",
        "must be {0}: the latest version published is {1}",
    ),
    "published": (
        "đã công bố với giá trị khác; muốn thay đổi phải công bố phiên bản {0}",
        "is published with another value; a change is published as version {0}",
    ),
    "channels.twice": ("nêu một kênh hai lần", "names a channel twice"),
    "level.online": (
        "whole (toàn trình) là làm trực tuyến từ đầu đến cuối: cần có kênh online",
        "whole (toàn trình) means that all of it can be done online: needs the channel online",
    ),
    "level.result": (
        "whole (toàn trình) là làm trực tuyến từ đầu đến cuối: cần trả kết quả qua online hoặc"
        " post",
        "whole (toàn trình) means that all of it can be done online: needs a result by online or"
        " post",
    ),
    "units.twice": ("nêu một đơn vị hai lần", "names a unit twice"),
    "same_day.limit": (
        "phải trong một ngày làm việc khi same_day là yes",
        "must be one working day or less where same_day is true",
    ),
    "supplement.endless": (
        "phải có giới hạn: thời hạn như 30cd, không phải none",
        "must end: a duration such as 30cd, not none",
    ),
    "supplement.none": (
        "không được có khi không cho yêu cầu bổ sung lần nào",
        "may not be given where papers may not be asked for",
    ),
    "online.limit": ("phải ngắn hơn {0}, cùng loại", "must be shorter than {0}, in the same kind"),
    "online.channel": ("cần có kênh online", "needs the channel online"),
    "fees.timing": (
        "phải là before (thu trước) hoặc after (thu sau) khi có phí, lệ phí",
        "must be before or after where there are fees",
    ),
    "fees.none": ("phải là none khi không có phí, lệ phí", "must be none where there are no fees"),
    "exempt.none": ("không có phí, lệ phí nào để miễn", "there are no fees to be exempt from"),
    "published.field": (
        "đã công bố với tên khác; lĩnh vực giữ tên của mình",
        "is published with another name; a field keeps its names",
    ),
    # of whole files
    "file.unreadable": ("không đọc được: {0}", "can't be read: {1}"),
    "file.kind": (
        "phải là tệp .csv, .xlsx hoặc .json",
        "must be a file named .csv, .xlsx or .json",
    ),
    "file.big": ("lớn quá {0} MB", "is larger than {0} MB"),
    "file.unpacked": (
        "khi giải nén lớn quá {0} MB",
        "would unpack to more than {0} MB",
    ),
    "file.encoding": (
        "không phải UTF-8 (byte {0}): lưu lại dạng «CSV UTF-8»",
        "is not UTF-8 (byte {0}): save it as “CSV UTF-8”",
    ),
    "file.nul": ("có ký tự NUL", "contains a NUL character"),
    "file.csv": ("không phải CSV: {0}", "is no CSV: {1}"),
    "file.xlsx": (
        "không phải tệp Excel .xlsx, hoặc tệp bị hỏng hay có mật khẩu",
        "is no .xlsx workbook, or one that is damaged or locked",
    ),
    "file.json": ("không phải JSON: {0}", "is no JSON: {1}"),
    "file.shape": (
        "phải là đối tượng có format “{0}”",
        "must be an object whose format is “{0}”",
    ),
    "file.empty": ("không có dòng nào", "has no rows"),
    "file.columns": ("có quá {0} cột", "has more than {0} columns"),
    "file.rows": ("có quá {0} dòng", "has more than {0} rows"),
    "heading.unknown": ("không có cột tên này", "is the name of no column"),
    "heading.near": (
        "không có cột tên này; có phải là {0} không?",
        "is the name of no column; is {0} meant?",
    ),
    "heading.twice": ("có hai cột cùng tên", "is the name of two columns"),
    "heading.missing": ("thiếu cột này", "is a column that is missing"),
}


@dataclass(frozen=True, slots=True, order=True)
class BrokenRule:
    """A broken rule with its message in both languages; ``code`` is stable."""

    code: str
    vi: str
    en: str


def broken_rule(code: str, *values: object) -> BrokenRule:
    """Return a broken rule; ``values`` fill the placeholders of its message."""
    vi, en = RULES[code]
    return BrokenRule(code, vi.format(*values), en.format(*values))


FORMS: Final[Mapping[str, BilingualText]] = {
    CODE: ("mã thủ tục như 1.012766", "a procedure's code such as 1.012766"),
    AGENCY: ("mã đơn vị như H22.12.03", "a unit's code such as H22.12.03"),
    UNIT_OR_LEVEL: (
        "mã đơn vị như H22.12.03, hoặc province, district, commune",
        "a unit's code such as H22.12.03, or province, district, commune",
    ),
    FIELD: (
        "1 đến 64 chữ hoa không dấu, chữ số và dấu gạch nối",
        "1 to 64 capital letters A-Z, digits and hyphens",
    ),
    PART: (
        "1 đến 16 chữ không dấu, chữ số và dấu gạch nối",
        "1 to 16 letters a-z, digits and hyphens",
    ),
    PROCESS: (
        "tên quy trình: chữ thường không dấu, chữ số và dấu gạch nối, đầu là chữ",
        "a process's name: small letters a-z, digits and hyphens, a letter first",
    ),
}
"""The names of the patterns, as the messages use them."""
_OF_PYDANTIC: Final[Mapping[str, tuple[str, str]]] = {
    "missing": ("missing", ""),
    "extra_forbidden": ("unknown", ""),
    "string_type": ("text", ""),
    "string_too_short": ("text.empty", ""),
    "string_too_long": ("text.long", "max_length"),
    "literal_error": ("choice", "expected"),
    "enum": ("choice", "expected"),
    "list_type": ("list", ""),
    "too_short": ("list.short", "min_length"),
    "int_type": ("number", ""),
    "int_from_float": ("number", ""),
    "greater_than_equal": ("number.low", "ge"),
    "less_than_equal": ("number.high", "le"),
    "bool_type": ("yes_no", ""),
    "model_type": ("object", ""),
    "dataclass_exact_type": ("duration", ""),
    "dataclass_type": ("duration", ""),
}


def broken_by_schema(error: Mapping[str, Any]) -> BrokenRule:
    """Return the rule that a pydantic error stands for."""
    context = error.get("ctx") or {}
    if "rule" in context:  # raised by a validator of this package
        return broken_rule(context["rule"], *context["values"])
    kind = str(error["type"])
    if kind == "string_pattern_mismatch":
        return broken_rule("text.pattern", *FORMS[context["pattern"]])
    if kind.startswith("date"):
        return broken_rule("date")
    code, name = _OF_PYDANTIC.get(kind, ("form", ""))
    if code == "duration":
        return broken_rule(code, "must be a text that looks like 3wd, 0.5wd, 5cd, 4wh or none")
    value = context.get(name, "")
    if code == "choice":
        value = str(value).replace("'", "").replace(" or ", ", ")
    return broken_rule(code, value)
