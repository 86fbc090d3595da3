"""The refusals of routing's rules, in Vietnamese and English."""

from __future__ import annotations

from kernel.base.errors import NotFound, Refusal, Violation
from services.routing.domain.refusals.collaboration import TEXTS as SHARING

_TEXTS: dict[str, tuple[str, str]] = {
    "CASE_NOT_OPEN": (
        "Hồ sơ chưa được mở để xử lý tại phòng chuyên môn.",
        "No case is open for this dossier.",
    ),
    "CASE_RESOLVED": (
        "Hồ sơ đã có kết quả giải quyết.",
        "The case has been resolved.",
    ),
    "CASE_WITHDRAWN": (
        "Hồ sơ đã được rút theo yêu cầu của công dân.",
        "The dossier was withdrawn by the citizen.",
    ),
    "CASE_SUSPENDED": (
        "Hồ sơ đang tạm dừng tính thời hạn.",
        "The case is suspended: its clock stands still.",
    ),
    "CASE_CLOSED": (
        "Hồ sơ đã được trả lại vì quá hạn bổ sung.",
        "The case was closed because papers were not handed in in time.",
    ),
    "WITHDRAWAL_OPEN": (
        "Công dân đã xin rút hồ sơ (lần {number}); phải trả lời trước.",
        "The citizen asked to withdraw the dossier (wish {number}); answer that first.",
    ),
    "NO_WITHDRAWAL_ASKED": (
        "Hồ sơ không có yêu cầu rút lần {number} nào đang chờ trả lời.",
        "No wish {number} to withdraw the dossier waits for an answer.",
    ),
    "NOT_SUSPENDED": (
        "Hồ sơ không ở trạng thái tạm dừng.",
        "The case is not suspended.",
    ),
    "WAITS_FOR_PAPERS": (
        "Hồ sơ đang chờ công dân bổ sung giấy tờ; chỉ tiếp tục khi có giấy tờ bổ sung.",
        "The case waits for papers of the citizen and goes on when they come.",
    ),
    "END_PAST": (
        "Thời điểm kết thúc dự kiến phải ở sau thời điểm hiện tại.",
        "The expected end must lie after now.",
    ),
    "NOTHING_TO_PAY": (
        "Phí và lệ phí không được âm và phải có ít nhất một khoản lớn hơn 0 đồng.",
        "Fee and charge must not be negative, and one of them must be above 0 đồng.",
    ),
    "NO_PAYMENT_REQUESTED": (
        "Hồ sơ không có yêu cầu thanh toán nào đang chờ.",
        "No payment is awaited for this dossier.",
    ),
    "AMOUNT_DIFFERS": (
        "Số tiền phải đúng như yêu cầu: phí {fee} đồng, lệ phí {charge} đồng.",
        "The amounts must be those asked for: fee {fee} đồng, charge {charge} đồng.",
    ),
    "NO_PAPERS_AWAITED": (
        "Hồ sơ không có yêu cầu bổ sung nào đang chờ.",
        "No papers are awaited for this dossier.",
    ),
    "OTHER_ROUND": (
        "Yêu cầu bổ sung đang chờ là lần {round}.",
        "The request that is awaited is number {round}.",
    ),
    "ANSWER_STILL_DUE": (
        "Thời hạn bổ sung giấy tờ chưa hết.",
        "The citizen's time to hand in papers is not over.",
    ),
    "NO_DUE_DATE": (
        "Hồ sơ không có ngày hẹn trả.",
        "The dossier has no promised date.",
    ),
    "ALREADY_EXTENDED": (
        "Hồ sơ đã được gia hạn một lần, là số lần tối đa.",
        "The promised date has been moved once, which is the most allowed.",
    ),
    "DUE_DATE_CHANGED": (
        "Ngày hẹn trả đã thay đổi; hãy xem lại hồ sơ.",
        "The promised date has changed meanwhile; look at the case again.",
    ),
    "EXTENSION_TOO_LATE": (
        "Phải gia hạn trước ngày hẹn trả ít nhất một ngày làm việc.",
        "The promised date can be moved at the latest one working day before it.",
    ),
    "NEW_DATE_NOT_LATER": (
        "Ngày hẹn trả mới phải sau ngày hẹn trả hiện tại.",
        "The new date must lie after the one that holds.",
    ),
    "NEW_DATE_NOT_WORKED": (
        "Ngày hẹn trả mới phải trong giờ làm việc.",
        "The new date must lie within working time.",
    ),
    "NOT_CURRENT_STEP": (
        "Bước '{step}' không phải bước hiện tại; hồ sơ đang ở bước '{current}' tại {unit} "
        "(người chuyển: {by}).",
        "Step '{step}' is not the current one; the case is at step '{current}' in {unit} "
        "(moved there by: {by}).",
    ),
    "NOT_YOUR_UNIT": (
        "Việc này do đơn vị {unit} thực hiện.",
        "This is for unit {unit} to do.",
    ),
    "NO_SUCH_OFFICER": (
        "Không có cán bộ {officer} đang công tác.",
        "There is no officer {officer} in service.",
    ),
    "OFFICER_OF_ANOTHER_UNIT": (
        "Cán bộ {officer} thuộc đơn vị khác ({unit}).",
        "Officer {officer} is of another unit ({unit}).",
    ),
    "OFFICER_LACKS_ROLE": (
        "Cán bộ {officer} không có vai trò '{role}'.",
        "Officer {officer} does not have the role '{role}'.",
    ),
    "OFFICER_AWAY": (
        "Cán bộ {officer} vắng mặt đến hết ngày {last}; người thay: {substitute}.",
        "Officer {officer} is away until {last}; who stands in: {substitute}.",
    ),
    "NOT_ASSIGNED_TO_YOU": (
        "Bước này đã giao cho cán bộ {assignee}.",
        "This step was given to officer {assignee}.",
    ),
    "ALREADY_ASSIGNED": (
        "Bước này đã giao cho cán bộ {assignee} rồi.",
        "This step has already been given to officer {assignee}.",
    ),
    "NO_NEXT_STEP": (
        "Bước '{step}' là bước cuối; hãy trả kết quả giải quyết.",
        "Nothing follows step '{step}'; give the result instead.",
    ),
    "NEXT_NOT_ALLOWED": (
        "Không được chuyển từ bước '{step}' sang bước '{next}'.",
        "Step '{next}' may not follow step '{step}'.",
    ),
    "TRANSITION_NOT_OPEN": (
        "Không thể chuyển theo '{way}' từ bước '{step}'; có thể: {ways}.",
        "Way '{way}' is not open from step '{step}'; open are: {ways}.",
    ),
    "TRANSITION_NEEDED": (
        "Phải chọn cách chuyển từ bước '{step}': {ways}.",
        "Say which way to take from step '{step}': {ways}.",
    ),
    "FACT_NEEDED": (
        "Phải cho biết '{name}' trước khi hoàn thành bước này.",
        "'{name}' must be stated before this step is completed.",
    ),
    "FACT_NOT_ALLOWED": (
        "'{name}' không thể là '{value}' (cho phép: {values}).",
        "'{name}' can't be '{value}' (allowed: {values}).",
    ),
    "REASSIGN_REASON": (
        "Bước này đang do cán bộ {assignee} thực hiện; phải nêu lý do khi giao cho người khác.",
        "Officer {assignee} has this step; a reason is needed to give it to another one.",
    ),
    "REASON_REQUIRED": (
        "Phải nêu lý do trả lại.",
        "A reason must be given for sending the case back.",
    ),
    "NO_EARLIER_STEP": (
        "Không thể trả hồ sơ từ bước '{step}' về bước trước.",
        "The case can't be sent back from step '{step}'.",
    ),
    "BACK_NOT_ALLOWED": (
        "Không được trả hồ sơ từ bước '{step}' về bước '{target}'.",
        "The case can't be sent back from step '{step}' to step '{target}'.",
    ),
    "SUPPLEMENT_LIMIT": (
        "Hồ sơ đã được yêu cầu bổ sung {rounds} lần; thủ tục cho phép tối đa {most} lần.",
        "Papers have been asked for {rounds} times; the procedure allows {most} at most.",
    ),
    "NO_SUPPLEMENTS": (
        "Thủ tục này không cho yêu cầu bổ sung giấy tờ.",
        "This procedure does not let papers be asked for.",
    ),
    "ANSWER_DUE_PAST": (
        "Hạn bổ sung phải ở sau thời điểm hiện tại.",
        "The citizen's time to answer must end after now.",
    ),
    "STEP_CANNOT_RESOLVE": (
        "Không thể trả kết quả ở bước '{step}'.",
        "The result can't be given at step '{step}'.",
    ),
    "EXPLANATION_REQUIRED": (
        "Phải giải trình khi từ chối giải quyết hoặc khi hồ sơ quá hạn.",
        "A rejection or a late result must be explained.",
    ),
    "NOT_IMPORTED": (
        "Hồ sơ này không được chuyển từ hệ thống khác.",
        "This dossier was not brought in from another system.",
    ),
    "HISTORY_COMPLETE": (
        "Lịch sử của hồ sơ đã được chuyển đủ.",
        "The history of this dossier has been completed already.",
    ),
    **SHARING,
}


_VIOLATIONS: dict[str, tuple[str, str]] = {
    "unit.unknown": ("không có đơn vị này", "is no unit of the office"),
    "unit.not_valid": (
        "đơn vị này chưa hoặc không còn hoạt động",
        "is a unit that does not work yet, or any more",
    ),
    "part.code": ("phải có từ 1 đến {0} ký tự", "must have 1 to {0} characters"),
    "part.copies": ("phải từ 0 (tính là 1) đến {0} bản", "must be 0 (which counts as 1) to {0}"),
    "part.sha256": (
        "phải để trống hoặc là SHA-256 gồm 64 chữ số thập lục phân viết thường",
        "must be empty or a SHA-256 of 64 lower-case hexadecimal digits",
    ),
    "fact.length": ("không được dài quá {0} ký tự", "must not be longer than {0} characters"),
    "part.note": ("không được dài quá {0} ký tự", "must not be longer than {0} characters"),
    "instant.range": ("phải nằm giữa năm 1901 và 2199", "must lie between 1901 and 2199"),
    "role.unknown": ("không có vai trò này (có: {0})", "is no role (there are: {0})"),
}


def violation(field: str, rule: str, limit: str = "") -> Violation:
    """Return which rule a field breaks; ``limit`` is a word of the rule, never the sender's."""
    vi, en = _VIOLATIONS[rule]
    return Violation(field, rule, vi.format(limit), en.format(limit))


def refusal(code: str, **names: object) -> Refusal:
    """Return the refusal of a code with its texts, which name what ``names`` holds."""
    vi, en = _TEXTS[code]
    return Refusal(code, vi.format(**names), en.format(**names))


def no_such_dossier() -> NotFound:
    """Return the failure for a dossier that routing has not heard of (yet)."""
    return NotFound(
        "Không có hồ sơ mang mã này tại phòng chuyên môn.",
        "The departments know no dossier of this code.",
    )
