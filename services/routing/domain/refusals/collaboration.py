"""The refusals of the rules by which officers and units share a case, in Vietnamese and English."""

from __future__ import annotations

from typing import Final

TEXTS: Final[dict[str, tuple[str, str]]] = {
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
    "REVIEWED_BEFORE": (
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
    "DOCUMENT_NOT_SIGNED": (
        "Văn bản '{kind}' chưa được ký.",
        "The paper '{kind}' has not been signed.",
    ),
    "DOCUMENT_OF_OTHER_ROUND": (
        "Văn bản số {number} đã ký cho lần yêu cầu bổ sung khác; phải có văn bản cho lần {round}.",
        "Paper {number} was signed for another request for papers; request {round} needs its own.",
    ),
    "DOCUMENT_SENT_BACK": (
        "Hồ sơ đã bị trả lại sau khi ký văn bản số {number}; phải dự thảo và ký lại.",
        "The case was sent back after paper {number} was made; draft and sign it again.",
    ),
    "DOCUMENT_FOR_OTHER_RESULT": (
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
}
