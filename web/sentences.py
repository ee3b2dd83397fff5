"""One Vietnamese sentence for each way in which something is refused: what is, then what to do (wording.md section 7)."""

from collections.abc import Callable, Mapping, Sequence
from string import Formatter
from types import MappingProxyType
from typing import Any

# A code names its sentences, the most telling first; the first whose facts are all there is said. The last needs none.
_SENTENCES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        # 409: somebody was quicker, or the state does not allow it
        "step_already_claimed": (
            "{by} đã nhận việc này lúc {when}. Chọn việc khác, hoặc nhờ người đó bàn giao.",
            "Người khác đã nhận việc này. Chọn việc khác, hoặc nhờ người đó bàn giao.",
        ),
        "step_already_yours": (
            "Bạn đã nhận việc này lúc {when}. Làm tiếp bước đang mở.",
            "Bạn đã nhận việc này rồi. Làm tiếp bước đang mở.",
        ),
        "step_already_done": (
            "{by} đã hoàn thành bước này lúc {when}. Tải lại hồ sơ để xem bước tiếp theo.",
            "Bước này đã hoàn thành. Tải lại hồ sơ để xem bước tiếp theo.",
        ),
        "step_cancelled": (
            "Bước này đã bị hủy lúc {when}. Tải lại hồ sơ để xem việc còn lại.",
            "Bước này đã bị hủy. Tải lại hồ sơ để xem việc còn lại.",
        ),
        "clock_stopped": (
            "Đồng hồ đang dừng từ {since}. Nhận bổ sung trước, rồi hoàn thành bước.",
            "Đồng hồ đang dừng. Nhận bổ sung trước, rồi hoàn thành bước.",
        ),
        "dossier_closed": (
            "Hồ sơ đã {status} lúc {when}, không thêm bước được nữa. Nếu sai, lập phiếu không phù hợp.",
            "Hồ sơ đã kết thúc, không thêm bước được nữa. Nếu sai, lập phiếu không phù hợp.",
        ),
        "changed_meanwhile": (
            "{by} vừa sửa {what} trong lúc bạn đang nhập. Xem hai bản bên dưới, chọn bản giữ lại.",
            "Có người vừa sửa nội dung này trong lúc bạn đang nhập. Tải lại để xem bản mới, rồi làm lại.",
        ),
        "already_extended": (
            "Hồ sơ đã hẹn lại một lần, đến {until}. Không hẹn lại lần hai; báo lãnh đạo để ưu tiên xử lý.",
            "Hồ sơ đã hẹn lại một lần. Không hẹn lại lần hai; báo lãnh đạo để ưu tiên xử lý.",
        ),
        "already_suspended": (
            "Đồng hồ đã dừng từ {since}. Nhận bổ sung hoặc chờ công dân trả lời, không dừng thêm lần nữa.",
            "Đồng hồ đã dừng rồi. Nhận bổ sung hoặc chờ công dân trả lời, không dừng thêm lần nữa.",
        ),
        "not_suspended": ("Đồng hồ đang chạy, không có gì để tính tiếp. Tải lại hồ sơ để xem tình trạng.",),
        "clock_finished": (
            "Đã có kết quả lúc {when}, đồng hồ đã kết thúc. Trả kết quả cho công dân.",
            "Đã có kết quả, đồng hồ đã kết thúc. Trả kết quả cho công dân.",
        ),
        "instance_over": (
            "Quy trình của hồ sơ đã kết thúc lúc {when}. Nếu sai, lập phiếu không phù hợp.",
            "Quy trình của hồ sơ đã kết thúc. Nếu sai, lập phiếu không phù hợp.",
        ),
        "status_not_allowed": (
            "Hồ sơ đang ở tình trạng {status}, không làm được việc này. Tải lại hồ sơ để xem việc làm được lúc này.",
            "Tình trạng hiện nay của hồ sơ không cho làm việc này. Tải lại hồ sơ để xem việc làm được lúc này.",
        ),
        "step_not_held": ("Chưa ai nhận bước {step_code}. Nhận việc trước.", "Chưa ai nhận bước này. Nhận việc trước."),
        "sibling_branch_open": ("Nhánh song song khác còn đang làm. Chờ nhánh đó xong, hoặc trả lại bước đứng trước chỗ chia nhánh.",),
        "past_the_join": ("Bước này nằm trong các nhánh đã nhập lại. Trả lại bước đứng trước chỗ chia nhánh.",),
        "step_not_on_way": (
            "Bước {to_step} chưa làm trên đường đến bước này. Chọn bước trong danh sách.",
            "Bước này chưa làm trên đường đến đây. Chọn bước trong danh sách.",
        ),
        "send_back_elsewhere": ("Bước đó thuộc quy trình khác, không trả lại được. Chọn bước trong danh sách.",),
        "nonconformity_state": (
            "Phiếu {number} đang ở giai đoạn khác, không làm được việc này. Tải lại phiếu.",
            "Phiếu đang ở giai đoạn khác, không làm được việc này. Tải lại phiếu.",
        ),
        "login_taken": ("Tên đăng nhập {login} đã có người dùng. Chọn tên khác.", "Tên đăng nhập này đã có người dùng. Chọn tên khác."),
        "seat_held": ("Người này đã có vai trò đó. Không cần cấp thêm.",),
        "seat_revoked": ("Vai trò này đã thu hồi rồi. Tải lại danh sách.",),
        "last_administrator": ("Đây là quản trị cuối cùng. Cấp quyền quản trị cho người khác trước.",),
        "agency_exists": ("Cơ quan có mã này đã có. Kiểm tra lại mã.",),
        "unit_exists": ("Đơn vị có mã này đã có. Chọn mã khác.",),
        "counter_exists": ("Cơ quan đã có bộ phận một cửa. Mỗi cơ quan chỉ có một.",),
        # 403 and 401
        "not_permitted": (
            "Việc này thuộc {role}. Nhờ người có vai trò đó, hoặc đề nghị khai thay mặt.",
            "Việc này thuộc người khác. Nhờ người có vai trò đó, hoặc đề nghị khai thay mặt.",
        ),
        "own_work": (
            "Không tự phê duyệt việc do mình soạn. Chuyển cho {by} xem và duyệt.",
            "Không tự phê duyệt việc do mình soạn. Chuyển cho người khác xem và duyệt.",
        ),
        "other_agency": (
            "Hồ sơ thuộc {agency}, ngoài phạm vi của bạn. Cần xem để phối hợp thì gửi yêu cầu phối hợp.",
            "Hồ sơ thuộc cơ quan khác, ngoài phạm vi của bạn. Cần xem để phối hợp thì gửi yêu cầu phối hợp.",
        ),
        "login_required": ("Cần đăng nhập để xem trang này. Đăng nhập, rồi hệ thống đưa trở lại đây.",),
        "login_expired": (
            "Đã tự thoát vì để yên {idle_minutes} phút. Đăng nhập lại, chữ đã gõ vẫn còn.",
            "Đã tự thoát vì để yên lâu. Đăng nhập lại, chữ đã gõ vẫn còn.",
        ),
        "person_disabled": ("Tài khoản này đã ngừng dùng. Hỏi quản trị nếu đó là nhầm lẫn.",),
        "no_page": ("Tài khoản này chưa có vai trò nào mở được trang. Nhờ quản trị cấp vai trò.",),
        "passwords_differ": ("Hai lần gõ mật khẩu mới không giống nhau. Gõ lại cả hai ô.",),
        "password_to_change": ("Mật khẩu này do người khác đặt. Đổi sang mật khẩu của riêng bạn trước, rồi làm tiếp.",),
        "password_weak": (
            "Mật khẩu mới dễ đoán hoặc quá ngắn. Chọn ít nhất {min_length} ký tự, không có tên đăng nhập, không dùng mật khẩu phổ biến.",
            "Mật khẩu mới trùng mật khẩu cũ hoặc dễ đoán. Chọn mật khẩu khác.",
        ),
        "route_undeclared": ("Trang này chưa khai ai được dùng, nên không ai được dùng. Báo quản trị số tra cứu này.",),
        "csrf_failed": ("Trang đã mở quá lâu hoặc được gửi từ nơi khác. Tải lại trang rồi làm lại, chữ đã gõ vẫn còn.",),
        # 404
        "dossier_not_found": (
            "Không có hồ sơ mã {dossier_code}. Kiểm tra từng số, hoặc tìm theo họ tên, điện thoại.",
            "Không có hồ sơ này. Kiểm tra từng số của mã, hoặc tìm theo họ tên, điện thoại.",
        ),
        "step_not_found": ("Không có bước này. Tải lại hồ sơ để xem việc đang mở.",),
        "instance_not_found": ("Không có lần chạy quy trình này. Tìm lại hồ sơ theo mã.",),
        "procedure_not_found": (
            "Không có thủ tục mã {procedure_code}. Tìm lại theo mã hoặc vài chữ trong tên.",
            "Không có thủ tục này. Tìm lại theo mã hoặc vài chữ trong tên.",
        ),
        "nonconformity_not_found": (
            "Không có phiếu {numbers}. Kiểm tra lại số, hoặc tìm trong danh sách.",
            "Không có phiếu này. Kiểm tra lại số, hoặc tìm trong danh sách.",
        ),
        "form_not_issued": ("Mẫu này chưa được lập. Tiếp nhận hồ sơ trước, rồi in.",),
        "person_not_found": ("Không có người này. Tìm lại trong danh sách người dùng.",),
        "unit_not_found": ("Không có đơn vị này. Tải lại danh sách đơn vị.",),
        "agency_not_found": ("Không có cơ quan này. Tải lại danh sách cơ quan.",),
        "page_not_found": ("Không có trang này. Kiểm tra địa chỉ, hoặc chọn trong danh mục.",),
        # 422
        "intake_invalid": ("Vài ô chưa dùng được. Xem từng ô được đánh dấu, sửa rồi gửi lại.",),
        "late_reason_required": ("Bước này đã quá hạn. Chọn lý do quá hạn và ghi một câu, rồi hoàn thành.",),
        "outcome_required": ("Chưa chọn kết quả của bước. Chọn một kết quả, rồi hoàn thành.",),
        "outcome_unknown": ("Bước này không có kết quả đó. Tải lại hồ sơ rồi chọn lại.",),
        "receiver_not_permitted": (
            "Bước này thuộc {role}, người được chọn không giữ vai trò đó. Chọn người khác trong danh sách.",
            "Người được chọn không giữ vai trò của bước này. Chọn người khác trong danh sách.",
        ),
        "receiver_own_work": (
            "Người được chọn đã làm {done_step}, không duyệt việc của chính mình. Chọn người khác.",
            "Người được chọn không duyệt việc do chính mình soạn. Chọn người khác.",
        ),
        "receiver_holds_step": ("Người này đang giữ bước rồi. Chọn người khác.",),
        "receiver_unknown": ("Không có người này. Chọn người trong danh sách.",),
        "receiver_disabled": ("Người này đã ngừng làm việc ở đây. Chọn người khác.",),
        "receiver_required": ("Chưa ghi người nhận kết quả. Ghi họ tên người nhận.",),
        "receipt_in_future": ("Lúc nhận bổ sung nằm ở tương lai. Xem lại ngày, giờ.",),
        "receipt_before_pause": (
            "Lúc nhận bổ sung sớm hơn lúc dừng, {since}. Xem lại ngày, giờ.",
            "Lúc nhận bổ sung sớm hơn lúc dừng. Xem lại ngày, giờ.",
        ),
        "supplement_repeated": (
            "Đã yêu cầu bổ sung {asked} lần, thủ tục cho phép {allowed} lần. Ghi lý do phải yêu cầu thêm.",
            "Đã yêu cầu bổ sung đủ số lần cho phép. Ghi lý do phải yêu cầu thêm.",
        ),
        "identifier_invalid": (
            "Không có tỉnh, thành phố nào mã {place_code}. Xem lại 3 số đầu trên thẻ căn cước.",
            "Số này là của người sinh năm {birth_year}, năm chưa tới. Xem lại số thứ 4 đến thứ 6 trên thẻ căn cước.",
            "Số định danh cần đủ 12 số; đang có {length}. Xem lại trên thẻ căn cước.",
            "Số định danh chưa đúng. Xem lại 12 số trên thẻ căn cước.",
        ),
        "identifier_mismatch": (
            "Số định danh là của {meaning}, khác với năm sinh đã ghi. Sửa một trong hai ô.",
            "Số định danh khác với giới tính hoặc năm sinh đã ghi. Sửa một trong hai ô.",
        ),
        "phone_invalid": (
            "Số điện thoại cần 10 số, bắt đầu bằng 0; đang có {length}. Xem lại từng số.",
            "Số điện thoại chưa đúng. Cần 10 số, bắt đầu bằng 0.",
        ),
        "papers_missing": (
            "Thiếu {count} giấy tờ bắt buộc: {missing}. Nhận thêm giấy tờ, hoặc lập yêu cầu bổ sung (Mẫu 02).",
            "Thiếu giấy tờ bắt buộc. Nhận thêm giấy tờ, hoặc lập yêu cầu bổ sung (Mẫu 02).",
        ),
        "reason_required": ("Chưa ghi lý do. Ghi một câu nói rõ vì sao, lý do sẽ lưu cùng hồ sơ.",),
        "procedure_not_in_force": (
            "Thủ tục {procedure_code} hết hiệu lực từ {effective_to}. Chọn thủ tục đang áp dụng.",
            "Thủ tục {procedure_code} áp dụng từ {effective_from}. Chọn thủ tục đang áp dụng.",
            "Thủ tục không áp dụng vào ngày này. Chọn thủ tục đang áp dụng.",
        ),
        "file_too_large": (
            "Tệp {name} nặng {size_mb} MB, tối đa {limit_mb} MB. Quét lại ở 200 dpi hoặc tách thành nhiều tệp.",
            "Tệp quá nặng. Quét lại ở 200 dpi hoặc tách thành nhiều tệp.",
        ),
        "login_failed": (
            "Tên đăng nhập hoặc mật khẩu chưa đúng. Gõ lại mật khẩu; sai {attempts_left} lần nữa thì tài khoản khóa {lock_minutes} phút.",
            "Tên đăng nhập hoặc mật khẩu chưa đúng. Gõ lại mật khẩu.",
        ),
        "login_locked": (
            "Tài khoản đang khóa vì sai mật khẩu nhiều lần. Thử lại sau {locked_until}, hoặc nhờ quản trị đặt lại mật khẩu.",
            "Tài khoản đang khóa vì sai mật khẩu nhiều lần. Thử lại sau 15 phút, hoặc nhờ quản trị đặt lại mật khẩu.",
        ),
        "limit_invalid": (
            "Thời hạn {limit} chưa đúng cách viết. Viết như 3d, 4h, 15cd, sameday@15:00 hoặc untimed.",
            "Thời hạn chưa đúng cách viết. Viết như 3d, 4h, 15cd, sameday@15:00 hoặc untimed.",
        ),
        "limit_not_whole_days": (
            "Cách tính cuối ngày chỉ dùng cho số ngày chẵn, mà thời hạn là {limit}. Đổi sang ngày chẵn, giờ, hoặc tính theo giờ.",
            "Cách tính cuối ngày chỉ dùng cho số ngày chẵn. Đổi sang ngày chẵn, giờ, hoặc tính theo giờ.",
        ),
        "calendar_exhausted": ("Lịch làm việc chưa có năm này. Nhờ quản trị ban hành lịch của năm, rồi làm lại.",),
        "calendar_inconsistent": ("Các buổi trong ngày cộng lại không bằng số giờ của ngày làm việc. Sửa giờ các buổi, rồi lưu lại.",),
        "fields_invalid": ("Vài ô chưa dùng được. Xem từng ô được đánh dấu, sửa rồi gửi lại.",),
        "request_invalid": ("Điều vừa gửi không đọc được. Tải lại trang rồi làm lại.",),
        "request_too_large": ("Nội dung gửi lên quá lớn. Tách thành nhiều tệp nhỏ rồi gửi lại.",),
        "method_not_allowed": ("Trang này không nhận cách gửi đó. Quay lại trang trước rồi làm lại.",),
        "model_invalid": ("Mô hình quy trình chưa dùng được. Xem từng điểm cần sửa trong danh sách.",),
        # 500, 503
        "log_too_large": ("Nhật ký quá lớn để kiểm tra trên trang. Quản trị chạy eiso trace verify, kết quả như nhau.",),
        "portal_unavailable": ("Cổng dịch vụ công chưa trả lời. Hồ sơ đã lưu ở xã, hệ thống tự gửi lại mỗi 5 phút; cứ làm tiếp.",),
        "model_run_failed": (
            "Quy trình dừng ở phần tử {element_id}, chưa lưu thao tác vừa rồi. Báo quản trị số tra cứu này.",
            "Quy trình không chạy tiếp được, chưa lưu thao tác vừa rồi. Báo quản trị số tra cứu này.",
        ),
        "form_not_rendered": ("Chưa in được mẫu này. Thử lại một lần; nếu vẫn lỗi, báo quản trị số tra cứu này.",),
        "unexpected": ("Hệ thống gặp lỗi, chưa lưu thao tác vừa rồi. Thử lại một lần; nếu vẫn lỗi, báo quản trị số tra cứu này.",),
        # families: said when a code has no sentence of its own
        "invalid": ("Điều vừa gửi chưa dùng được. Xem lại những gì đã nhập, sửa rồi gửi lại.",),
        "not_found": ("Không tìm thấy. Kiểm tra lại mã, hoặc tìm theo cách khác.",),
        "wrong_state": ("Việc này không làm được ở tình trạng hiện nay. Tải lại để xem việc làm được lúc này.",),
        "conflict": ("Có người vừa làm trước. Tải lại rồi thử lần nữa.",),
        "unavailable": ("Một phần của hệ thống chưa trả lời. Đợi một phút rồi thử lại.",),
        "refused": ("Việc này không làm được. Tải lại trang rồi thử lại.",),
    }
)

# Faults of a model, a stored state or the installation itself: nothing that the person before the screen could mend, so the
# family's sentence with its reference number is what helps.
SAID_BY_FAMILY = frozenset(
    {
        "agency_required",
        "calendar_not_found",
        "calendar_unknown",
        "database_is_live",
        "days_unsourced",
        "definition_not_found",
        "expression_failed",
        "expression_unsafe",
        "extension_invalid",
        "form_not_in_force",
        "form_unknown",
        "lane_unresolved",
        "ledger_invalid",
        "model_not_runnable",
        "no_password",
        "procedure_invalid",
        "seat_not_found",
        "send_back_refused",
        "simulation_unstaffed",
        "simulation_without_arrivals",
        "state_damaged",
        "state_of_another_model",
        "state_unreadable",
        "state_version_unknown",
        "step_not_waiting",
        "sweep_in_future",
        "timer_not_waiting",
        "timers_without_end",
        "trace_body_unreadable",
        "trace_chain_unknown",
        "trace_value_invalid",
        "value_refused",
        "variables_invalid",
        "version_changed",
    }
)

# What stands beside a single field; codes come from operations in `errors`.
_FIELD_SENTENCES: Mapping[str, str] = MappingProxyType(
    {
        "required": "Chưa điền. Điền ô này rồi gửi lại.",
        "in the future": "Thời điểm này chưa tới. Xem lại ngày, giờ.",
        "before the pause": "Sớm hơn lúc đồng hồ dừng. Xem lại ngày, giờ.",
        "not_offered": "Thủ tục này không nhận qua kênh đó. Chọn kênh khác.",
        "not_in_force": "Thủ tục này không áp dụng vào hôm nay. Chọn thủ tục khác.",
        "out_of_range": "Số này quá lớn hoặc quá nhỏ. Xem lại.",
        "in_the_future": "Ngày này chưa tới. Xem lại ngày, tháng, năm.",
        "not_a_date": "Ngày viết như 25/11/2026.",
        "not_a_number": "Chỉ điền số.",
        "unknown": "Không có lựa chọn này. Chọn trong danh sách.",
        "too_long": "Dài quá. Viết ngắn lại.",
    }
)


def has_sentence(code: str) -> bool:
    return code in _SENTENCES


def sentence(codes: Sequence[str], facts: Mapping[str, Any], say: Callable[[Any], str] = str) -> str:
    """What is said about the first of the codes that has a sentence; a fact that is missing chooses a plainer one."""
    told = {name: say(value) for name, value in facts.items() if value is not None}
    candidates = next((_SENTENCES[code] for code in codes if code in _SENTENCES), _SENTENCES["refused"])
    for candidate in candidates:
        if _placeholders(candidate) <= told.keys():
            return candidate.format_map(told)
    return candidates[-1]


def field_sentence(problem: Any, say: Callable[[Any], str] = str) -> str:
    """What stands beside a field: a code, a code with its facts ({"code": ..., ...}), names that are missing, or words said as they are."""
    if isinstance(problem, Mapping):
        if "missing" in problem:
            return f"Còn thiếu: {say(problem['missing'])}."
        return sentence([str(problem.get("code"))], problem, say)
    code = str(problem)
    if code in _FIELD_SENTENCES:
        return _FIELD_SENTENCES[code]
    if code in _SENTENCES:
        return sentence([code], {}, say)
    return code if " " in code else "Chưa dùng được. Xem lại ô này."


def _placeholders(text: str) -> frozenset[str]:
    return frozenset(name for _, name, _, _ in Formatter().parse(text) if name)
