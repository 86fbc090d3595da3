"""Refusals of the desk, in both languages.

The codes are stable: programs rely on them. Texts never repeat what the caller sent.
"""

from __future__ import annotations

from typing import Final

from kernel.base.errors import NotFound, Refusal, Violation

_REFUSALS: Final[dict[str, tuple[str, str]]] = {
    "ALREADY_ACCEPTED": ("Hồ sơ đã được tiếp nhận.", "The dossier has been accepted already."),
    "ALREADY_REFUSED": ("Hồ sơ đã bị từ chối tiếp nhận.", "The dossier was refused."),
    "ALREADY_WITHDRAWN": ("Hồ sơ đã được rút.", "The dossier was withdrawn."),
    "ALREADY_CLOSED": (
        "Hồ sơ đã được trả lại vì không bổ sung đúng hạn.",
        "The dossier was given back: papers did not come in time.",
    ),
    "ALREADY_RESOLVED": ("Hồ sơ đã có kết quả.", "The dossier has its result already."),
    "ALREADY_RETURNED": ("Kết quả đã được trả.", "The result has been returned already."),
    "NOT_ACCEPTED": ("Hồ sơ chưa được tiếp nhận.", "The dossier is not accepted yet."),
    "NOT_RESOLVED": ("Hồ sơ chưa có kết quả.", "The dossier has no result yet."),
    "RESULT_IN_POST": (
        "Kết quả được trả qua bưu điện; chỉ trả tại quầy khi bưu gửi đã bị hoàn lại.",
        "The result goes by post; the counter returns it only when the item has come back.",
    ),
    "NO_SUPPLEMENT_REQUESTED": (
        "Không có yêu cầu bổ sung giấy tờ nào đang chờ.",
        "No papers are asked for at present.",
    ),
    "ALREADY_ANSWERED": (
        "Giấy tờ của lần yêu cầu này đã được nộp.",
        "The papers of this request have been handed in already.",
    ),
    "PAPERS_MISSING": (
        "Còn thiếu giấy tờ đã yêu cầu bổ sung (mã, số bản): {0}.",
        "Papers that were asked for are missing (code, copies): {0}.",
    ),
    "WRONG_ROUND": (
        "Lần yêu cầu bổ sung không đúng với lần đang chờ.",
        "The number is not that of the request for papers that is open.",
    ),
    "WITHDRAWAL_PENDING": (
        "Yêu cầu rút hồ sơ đang chờ giải quyết.",
        "A withdrawal has been asked for already and waits for its answer.",
    ),
    "NOT_IMPORTED": (
        "Chỉ được nhập lịch sử cho hồ sơ đưa từ hệ thống khác sang.",
        "History can be brought in only for dossiers of another system.",
    ),
    "FEE_NOT_PAID": (
        "Chưa nộp đủ phí, lệ phí của hồ sơ.",
        "The fees of the dossier are not paid yet.",
    ),
    "ALREADY_PAID": (
        "Phí, lệ phí của hồ sơ đã được nộp đủ hoặc được miễn.",
        "The fees of the dossier are paid, or nothing is to be paid.",
    ),
    "NO_FEE": ("Thủ tục không thu phí, lệ phí.", "Nothing is to be paid for this dossier."),
    "NOT_EXEMPT": (
        "Thủ tục không miễn phí, lệ phí cho đối tượng này.",
        "The procedure does not exempt this group.",
    ),
    "FEE_TOO_MUCH": (
        "Số tiền nhiều hơn số còn phải nộp.",
        "The amount is more than what is owed.",
    ),
    "RECEIPT_USED": (
        "Số biên lai này đã được dùng.",
        "A receipt with this number has been given already.",
    ),
    "NO_SUCH_RECORD": (
        "Không có lần thu phí, lệ phí này, hoặc đã bị hủy.",
        "There is no such record of a payment, or it was cancelled.",
    ),
    "AMBIGUOUS_CODE": (
        "Nhiều hồ sơ có số này ở các hệ thống khác nhau; xin dùng mã hồ sơ.",
        "Several dossiers have this number in other systems; use the dossier's code.",
    ),
    "CATALOGUE_BEHIND": (
        "Danh mục thủ tục ở đây chưa có phiên bản của hồ sơ này; xin thử lại sau.",
        "The catalogue here does not have this dossier's version yet; try again later.",
    ),
    "TOO_MANY_DOSSIERS": (
        "Cơ quan đã dùng hết số hồ sơ của ngày.",
        "The agency has used up the numbers of the day.",
    ),
}

_VIOLATIONS: Final[dict[str, tuple[str, str]]] = {
    "required": ("bắt buộc phải có", "is required"),
    "importer.only": (
        "chỉ dành cho chương trình nhập dữ liệu từ hệ thống khác",
        "is only for programs that bring in another system's dossiers",
    ),
    "importer.required": (
        "bắt buộc phải có khi nhập từ hệ thống khác",
        "is required when a dossier is brought in from another system",
    ),
    "instant.range": ("phải nằm giữa năm 1901 và 2199", "must lie between 1901 and 2199"),
    "time_zone.unknown": ("không phải tên múi giờ IANA", "is no IANA time zone"),
    "procedure.unknown": (
        "không có thủ tục này trong danh mục",
        "is not in the catalogue of procedures",
    ),
    "procedure.not_valid": (
        "thủ tục không có hiệu lực trong ngày nộp",
        "is not in force on the day of submission",
    ),
    "channel.not_offered": ("thủ tục không nhận qua kênh này", "is not offered for this procedure"),
    "channel.not_yours": (
        "không dành cho người gọi: công dân nộp trực tuyến; cán bộ nhận tại quầy hoặc bưu điện",
        "is not open to this caller: citizens submit online, officers at the counter or by post",
    ),
    "result_channel.not_offered": (
        "thủ tục không trả kết quả qua kênh này",
        "is not offered for this procedure's results",
    ),
    "applicant.for_post": (
        "bắt buộc phải có khi nhận kết quả qua bưu điện",
        "is required when the result goes by post",
    ),
    "applicant.for_consent": (
        "bắt buộc phải có khi đồng ý nhận thông báo qua thư điện tử",
        "is required from who agrees to be told by e-mail",
    ),
    "unit.not_offered": (
        "đơn vị không tiếp nhận thủ tục này",
        "does not take this procedure",
    ),
    "unit.dissolved": (
        "đơn vị {0} không còn hoạt động sau ngày {1}; đơn vị {2} tiếp nhận thay",
        "names {0}, which is no more since the end of {1}; {2} takes what it took",
    ),
    "unit.without_successor": (
        "đơn vị {0} không còn hoạt động sau ngày {1}, không có đơn vị kế tục",
        "names {0}, which is no more since the end of {1} and has no successor",
    ),
    "unit.no_agency": (
        "phải là mã định danh cơ quan khi hệ thống này cấp mã hồ sơ",
        "must be an agency's code where this system numbers the dossier",
    ),
    "fee.nothing": (
        "phải có số tiền, hoặc nêu đối tượng được miễn",
        "needs an amount, or the group that is exempt",
    ),
    "fee.exempt_or_paid": (
        "không đi cùng số tiền: được miễn thì không nộp",
        "does not go with a payment: who is exempt pays nothing",
    ),
    "fee.receipt": (
        "phải đi cùng số tiền của loại này",
        "belongs together with an amount of its kind",
    ),
    "fee.receipt_twice": (
        "phí và lệ phí có biên lai riêng",
        "must differ: phí and lệ phí have receipts of their own",
    ),
    "part.missing": ("thiếu giấy tờ bắt buộc {0}", "lacks the required part {0}"),
    "part.not_asked": (
        "lần yêu cầu bổ sung này không yêu cầu giấy tờ này",
        "is not among the papers that this request asks for",
    ),
    "part.copies": ("phải có ít nhất {0} bản", "must be at least {0} copies"),
    "part.unknown": ("thủ tục không có giấy tờ này", "is no part of this procedure"),
    "part.repeated": ("giấy tờ được nêu hai lần", "names a part for the second time"),
    "page_token.wrong": (
        "không phải mã trang của danh sách với các bộ lọc này",
        "is no page token of a list with these filters",
    ),
    "date.wrong": ("không phải ngày theo lịch", "is no calendar day"),
    "unit.unknown": ("không có đơn vị này", "is no unit of this office"),
}


def refusal(code: str, words: str = "") -> Refusal:
    """Return the refusal with this code; ``words`` are the rule's, never the sender's."""
    vi, en = _REFUSALS[code]
    return Refusal(code, vi.format(words), en.format(words))


def refusal_codes() -> list[str]:
    """List every code that the desk can refuse with."""
    return sorted(_REFUSALS)


def violation(field: str, rule: str, *words: str) -> Violation:
    """Return which rule a field breaks.

    ``words`` are the rule's and the catalogue's, never the sender's.
    """
    vi, en = _VIOLATIONS[rule]
    return Violation(field, rule, vi.format(*words), en.format(*words))


def unknown_dossier() -> NotFound:
    """Return that there is no such dossier for this caller."""
    return NotFound("Không tìm thấy hồ sơ.", "There is no such dossier.")


def unknown_to_guest() -> NotFound:
    """Return that code and PIN do not go together; nobody learns which of them is wrong."""
    return NotFound(
        "Không tìm thấy hồ sơ với mã hồ sơ và mã PIN này.",
        "There is no dossier with this code and PIN.",
    )


def unknown_procedure() -> NotFound:
    """Return that there is no such procedure."""
    return NotFound("Không có thủ tục này.", "There is no such procedure.")
