"""The refusals of routing's rules, in Vietnamese and English."""

from __future__ import annotations

from services.kernel.errors import NotFound, Refusal, Violation

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
        "Cán bộ {officer} vắng mặt đến hết ngày {last}; người thay: {stand_in}.",
        "Officer {officer} is away until {last}; who stands in: {stand_in}.",
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
    "WAY_NOT_OPEN": (
        "Không thể chuyển theo '{way}' từ bước '{step}'; có thể: {ways}.",
        "Way '{way}' is not open from step '{step}'; open are: {ways}.",
    ),
    "WAY_NEEDED": (
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
    "NOT_SENT_BY_YOU": (
        "Chỉ người đã chuyển hồ sơ đến bước '{step}' mới được thu hồi.",
        "Only the officer who sent the case to step '{step}' can pull it back.",
    ),
    "ALREADY_OPENED": (
        "Bước '{step}' đã được {who} mở hoặc xử lý; không thể thu hồi.",
        "Step '{step}' was opened or acted on by {who}; it can't be pulled back.",
    ),
    "SAME_VERSION": (
        "Hồ sơ đang theo quy trình {process} phiên bản {version} rồi.",
        "The case is on process {process} version {version} already.",
    ),
    "STEP_NOT_IN_VERSION": (
        "Quy trình {process} phiên bản {version} không có bước '{step}'.",
        "Process {process} version {version} has no step '{step}'.",
    ),
    "PROCESS_MISSING": (
        "Hồ sơ được xử lý theo quy trình {process} phiên bản {version}, hiện không có trong hệ "
        "thống; hãy báo người quản trị.",
        "The case is worked by process {process} version {version}, which this system does not "
        "have now; tell its operator.",
    ),
    "UNKNOWN_PROCESS": (
        "Không có quy trình {process} phiên bản {version}.",
        "There is no process {process} version {version}.",
    ),
    "REASON_NEEDED": (
        "Phải nêu lý do.",
        "A reason must be given.",
    ),
    "IS_ASSIGNEE": (
        "Cán bộ {officer} đang thực hiện bước này.",
        "Officer {officer} is the one who does this step.",
    ),
    "NOTHING_CHANGES": (
        "Vai trò của cán bộ {officer} trong hồ sơ đã như vậy.",
        "Officer {officer} has that part in the case already.",
    ),
    "PERIOD_EMPTY": (
        "Thời gian uỷ quyền phải kết thúc sau khi bắt đầu và sau thời điểm hiện tại.",
        "The substitution must end after it begins, and after now.",
    ),
    "OWN_SUBSTITUTE": (
        "Không thể tự thay thế chính mình.",
        "Nobody stands in for oneself.",
    ),
    "NOT_YOURS_TO_DELEGATE": (
        "Chỉ cán bộ đó hoặc lãnh đạo đơn vị mới được uỷ quyền việc của {officer}.",
        "Only that officer or a leader of the unit can delegate the work of {officer}.",
    ),
    "NO_ABSENCE": (
        "Hiện không có ai thay cán bộ {officer}.",
        "Nobody stands in for officer {officer} now.",
    ),
    "NOT_YOURS_TO_END": (
        "Chỉ cán bộ đó hoặc lãnh đạo đơn vị mới được kết thúc việc thay cán bộ {officer}.",
        "Only that officer or a leader of the unit can end the absence of {officer}.",
    ),
    "TIME_LIMIT_FORM": (
        "'{text}' không phải là thời hạn như 2wd, 4wh, 5cd.",
        "'{text}' is no time limit such as 2wd, 4wh or 5cd.",
    ),
    "ALREADY_ASKED": (
        "Đơn vị {unit} đã được hỏi câu này (số {number}) và chưa trả lời.",
        "Unit {unit} was asked this already (number {number}) and has not answered.",
    ),
    "NO_SUCH_CONSULTATION": (
        "Hồ sơ không có lần lấy ý kiến số {number}.",
        "The dossier has no consultation {number}.",
    ),
    "ALREADY_ANSWERED": (
        "Lần lấy ý kiến số {number} đã được trả lời.",
        "Consultation {number} has been answered already.",
    ),
    "CONSULTATION_CANCELLED": (
        "Lần lấy ý kiến số {number} đã được rút lại: {reason}",
        "Consultation {number} was taken back: {reason}",
    ),
    "NOT_YOURS_TO_CANCEL": (
        "Chỉ người đã hỏi ({by}) hoặc người thực hiện bước '{step}' mới được rút lại lần lấy ý "
        "kiến số {number}.",
        "Only who asked ({by}) or whoever has step '{step}' can take back consultation {number}.",
    ),
    "CONSULTATION_OF_PROCESS": (
        "Quy trình yêu cầu có ý kiến này ('{name}', số {number}) trước khi hoàn thành bước; không "
        "thể rút lại.",
        "The process wants this opinion ('{name}', number {number}) before the step is completed; "
        "it can't be taken back.",
    ),
    "CONSULTATION_OPEN": (
        "Bước này chờ ý kiến của đơn vị {unit} (số {number}).",
        "This step waits for the opinion of unit {unit} (number {number}).",
    ),
    "CHILD_OPEN": (
        "Bước này chờ hồ sơ liên thông '{name}' (số {number}).",
        "This step waits for the child dossier '{name}' (number {number}).",
    ),
    "ALREADY_DRAFTED": (
        "Nội dung này đã được dự thảo (số {number}).",
        "This content was drafted already (number {number}).",
    ),
    "NO_SUCH_DRAFT": (
        "Không có dự thảo số {number}, hoặc đã có dự thảo mới hơn.",
        "There is no draft {number}, or a newer one has taken its place.",
    ),
    "DRAFT_CHANGED": (
        "Nội dung dự thảo số {number} khác với nội dung đã xem.",
        "The content of draft {number} is not the one that was looked at.",
    ),
    "OWN_DRAFT": (
        "Không ai được duyệt hoặc ký dự thảo của chính mình.",
        "Nobody reviews or signs an own draft.",
    ),
    "DRAFT_ENDED": (
        "Dự thảo số {number} đã được ký hoặc bị từ chối.",
        "Draft {number} was signed or refused already.",
    ),
    "DRAFT_SENT_BACK": (
        "Hồ sơ đã bị trả lại sau khi có dự thảo số {number}; phải dự thảo lại.",
        "The case was sent back after draft {number} was made; it must be drafted again.",
    ),
    "JUDGED_BEFORE": (
        "Bạn đã duyệt dự thảo số {number}; người khác phải ký.",
        "You have reviewed draft {number}; somebody else must sign it.",
    ),
    "NO_REVIEW_NEEDED": (
        "Dự thảo số {number} đã được duyệt hoặc không cần duyệt.",
        "Draft {number} was reviewed already, or needs no review.",
    ),
    "REVIEW_FIRST": (
        "Dự thảo số {number} phải được duyệt trước khi ký.",
        "Draft {number} must be reviewed before it is signed.",
    ),
    "NOT_YOUR_ROLE": (
        "Việc này dành cho vai trò '{role}'.",
        "This is for the role '{role}' to do.",
    ),
    "PAPER_NOT_SIGNED": (
        "Văn bản '{kind}' chưa được ký.",
        "The paper '{kind}' has not been signed.",
    ),
    "PAPER_OF_OTHER_ROUND": (
        "Văn bản số {number} đã ký cho lần yêu cầu bổ sung khác; phải có văn bản cho lần {round}.",
        "Paper {number} was signed for another request for papers; request {round} needs its own.",
    ),
    "PAPER_SENT_BACK": (
        "Hồ sơ đã bị trả lại sau khi ký văn bản số {number}; phải dự thảo và ký lại.",
        "The case was sent back after paper {number} was made; draft and sign it again.",
    ),
    "PAPER_FOR_OTHER_RESULT": (
        "Văn bản số {number} đã ký cho kết quả khác.",
        "Paper {number} was signed for another result.",
    ),
    "RESULT_FILE_MISSING": (
        "Thủ tục này trả kết quả điện tử; phải có tệp kết quả (SHA-256).",
        "This procedure gives an electronic result; name its file by its SHA-256.",
    ),
    "RESULT_NOT_SIGNED": (
        "Thủ tục này trả kết quả điện tử có ký số; tệp kết quả phải là nội dung của văn bản kết "
        "quả đã ký.",
        "This procedure gives a signed result; its file must be the content of a signed result "
        "paper.",
    ),
    "CASE_NOT_RESOLVED": (
        "Hồ sơ chưa có kết quả nên chưa có gì để đính chính.",
        "The case has no result yet that could be corrected.",
    ),
    "NOT_YOURS_TO_CORRECT": (
        "Chỉ lãnh đạo của đơn vị {unit} hoặc cán bộ đã trả kết quả mới được đính chính.",
        "Only a head or leader of unit {unit}, or the officer who gave the result, can correct it.",
    ),
    "NOTHING_TO_CORRECT": (
        "Nội dung đính chính trùng với nội dung hiện có.",
        "The correction says what is written already.",
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
    "part.note": ("không được dài quá {0} ký tự", "must not be longer than {0} characters"),
    "instant.range": ("phải nằm giữa năm 1901 và 2199", "must lie between 1901 and 2199"),
    "role.unknown": ("không có vai trò này (có: {0})", "is no role (there are: {0})"),
}


def violation(field: str, rule: str, limit: str = "") -> Violation:
    """Say which rule a field breaks; ``limit`` is a word of the rule, never the sender's."""
    vi, en = _VIOLATIONS[rule]
    return Violation(field, rule, vi.format(limit), en.format(limit))


def refusal(code: str, **names: object) -> Refusal:
    """Give the refusal of a code with its texts, which name what ``names`` holds."""
    vi, en = _TEXTS[code]
    return Refusal(code, vi.format(**names), en.format(**names))


def no_such_dossier() -> NotFound:
    """Give the failure for a dossier that routing has not heard of (yet)."""
    return NotFound(
        "Không có hồ sơ mang mã này tại phòng chuyên môn.",
        "The departments know no dossier of this code.",
    )
