"""The people of the invented commune Suối Mây and of the land office next door. Nobody of this name works anywhere.

At least two hold every role in every unit, so that whoever checks a piece of work is another person than whoever did it, and so
that work goes on when somebody is away.
"""

from dataclasses import dataclass

DEMO_PASSWORD = "demo"  # shown on the login page of the demo; nothing but invented data lies behind it


@dataclass(frozen=True, slots=True)
class InventedPerson:
    """Somebody made up: seats as (role, unit key); a unit of None is the whole agency."""

    login: str
    name: str
    title: str
    seats: tuple[tuple[str, str | None], ...]


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """A log-in that the demo offers, and what one does with it."""

    login: str
    does: str


COMMUNE_CODE, COMMUNE_NAME = "H99.018", "UBND xã Suối Mây"
LAND_OFFICE_CODE, LAND_OFFICE_NAME = "H99.900", "Chi nhánh Văn phòng đăng ký đất đai Mây Ngàn"

COMMUNE_STAFF = (
    InventedPerson("nang.hoang", "Hoàng Thị Nắng", "Công chức tiếp nhận, tư pháp – hộ tịch", (("intake_officer", "counter"),)),
    InventedPerson("gam.tran", "Trần Thị Gấm", "Công chức tiếp nhận và trả kết quả", (("intake_officer", "counter"),)),
    InventedPerson("sang.chu", "Chu Văn Sáng", "Công chức tiếp nhận và trả kết quả", (("intake_officer", "counter"),)),
    InventedPerson("but.luong", "Lường Thị Bút", "Công chức tư pháp – hộ tịch", (("specialist", "office"),)),
    InventedPerson("giay.ha", "Hà Văn Giấy", "Công chức tư pháp – hộ tịch", (("specialist", "office"),)),
    InventedPerson("trang.luc", "Lục Thị Trang", "Công chức tư pháp – hộ tịch", (("specialist", "office"),)),
    InventedPerson("vung.kim", "Kim Văn Vững", "Chánh Văn phòng HĐND và UBND", (("division_head", "office"),)),
    InventedPerson("chac.ninh", "Ninh Thị Chắc", "Phó Chánh Văn phòng HĐND và UBND", (("division_head", "office"),)),
    InventedPerson("dau.do", "Đỗ Thị Dấu", "Văn thư", (("clerk", "office"),)),
    InventedPerson("moc.ly", "Lý Văn Mộc", "Văn thư", (("clerk", "office"),)),
    InventedPerson("som.nguyen", "Nguyễn Văn Sớm", "Trưởng phòng Kinh tế", (("division_head", "economy"),)),
    InventedPerson("chieu.dam", "Đàm Thị Chiều", "Phó Trưởng phòng Kinh tế", (("division_head", "economy"),)),
    InventedPerson("dat.pham", "Phạm Văn Đất", "Chuyên viên Phòng Kinh tế", (("specialist", "economy"),)),
    InventedPerson("ben.khuc", "Khúc Văn Bền", "Chuyên viên Phòng Kinh tế", (("specialist", "economy"),)),
    InventedPerson("nen.ton", "Tôn Văn Nền", "Chuyên viên Phòng Kinh tế", (("specialist", "economy"),)),
    InventedPerson("vui.la", "La Thị Vui", "Trưởng phòng Văn hóa – Xã hội", (("division_head", "culture_society"),)),
    InventedPerson("hoi.kha", "Kha Văn Hội", "Phó Trưởng phòng Văn hóa – Xã hội", (("division_head", "culture_society"),)),
    InventedPerson("lanh.giap", "Giáp Thị Lành", "Chuyên viên Phòng Văn hóa – Xã hội", (("specialist", "culture_society"),)),
    InventedPerson("am.bach", "Bạch Văn Ấm", "Chuyên viên Phòng Văn hóa – Xã hội", (("specialist", "culture_society"),)),
    InventedPerson("tinh.dinh", "Đinh Quang Tĩnh", "Chủ tịch UBND xã", (("leader", "leadership"),)),
    InventedPerson("thuan.bui", "Bùi Thị Thuận", "Phó Chủ tịch UBND xã", (("leader", "leadership"),)),
    InventedPerson("cao.nong", "Nông Văn Cao", "Phó Chủ tịch UBND xã", (("leader", "leadership"),)),
    InventedPerson("khoe.to", "Tô Thị Khỏe", "Trưởng Trạm Y tế, Hội đồng xác định mức độ khuyết tật", (("council", None),)),
    InventedPerson("doan.vi", "Vi Văn Đoàn", "Mặt trận Tổ quốc xã, Hội đồng xác định mức độ khuyết tật", (("council", None),)),
    InventedPerson("yen.luu", "Lưu Văn Yên", "Công an xã", (("police", "police"),)),
    InventedPerson("nem.dang", "Đặng Thị Nếm", "Công an xã", (("police", "police"),)),
    InventedPerson("ranh.mac", "Mạc Thị Rành", "Đại diện lãnh đạo về chất lượng", (("quality_representative", None),)),
    InventedPerson("chuan.ngo", "Ngô Văn Chuẩn", "Thư ký ISO", (("iso_secretary", None),)),
    InventedPerson("soi.ta", "Tạ Minh Soi", "Đánh giá viên nội bộ", (("auditor", None),)),
    InventedPerson("may.quan", "Quan Thị Máy", "Quản trị hệ thống", (("administrator", None),)),
)

LAND_OFFICE_STAFF = (
    InventedPerson("ruong.vi", "Vi Văn Ruộng", "Viên chức Chi nhánh Văn phòng đăng ký đất đai", (("land_officer", None),)),
    InventedPerson("bo.thao", "Thào Thị Bờ", "Viên chức Chi nhánh Văn phòng đăng ký đất đai", (("land_officer", None),)),
)

DEMO_ACCOUNTS = (
    DemoAccount("nang.hoang", "tiếp nhận, trả kết quả"),
    DemoAccount("but.luong", "tra sổ, dự thảo hộ tịch"),
    DemoAccount("dat.pham", "thẩm định, yêu cầu bổ sung"),
    DemoAccount("som.nguyen", "phân công, ký, xin lỗi"),
    DemoAccount("dau.do", "vào số, đóng dấu"),
    DemoAccount("tinh.dinh", "theo dõi, ký, phê duyệt"),
    DemoAccount("chuan.ngo", "năm ISO, không phù hợp"),
    DemoAccount("soi.ta", "truy xuất, xác minh"),
    DemoAccount("ruong.vi", "bước của cơ quan khác"),
    DemoAccount("may.quan", "người dùng, lịch làm việc"),
)
