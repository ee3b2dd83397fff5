"""Form 01: every field of the circular in its order, on paper that also holds long names and many papers."""

import json
from dataclasses import replace
from io import BytesIO

import pytest
from pypdf import PdfReader

from processes.forms.receipt_slip import PaperLine, as_json, from_json, receipt_slip_pdf
from tests.unit.form_samples import CODE, assert_in_order, page_sizes, pages, receipt

ONE_COPY = ("Giao khách hàng",)


def text_of(**changes: object) -> str:
    return " ".join(pages(receipt_slip_pdf(receipt(**changes), copies=ONE_COPY)))


class TestReceiptSlip:
    def test_has_every_field_in_the_order_of_the_circular(self) -> None:
        assert_in_order(
            text_of(),
            "Mẫu số 01 ban hành kèm theo Thông tư số 03/2025/TT-VPCP",
            "ỦY BAN NHÂN DÂN XÃ SUỐI MÂY",
            "TRUNG TÂM PHỤC VỤ HÀNH CHÍNH CÔNG XÃ SUỐI MÂY",
            "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
            "Độc lập – Tự do – Hạnh phúc",
            "Số: 12/TTPVHCC",
            "Quyển số: 1, Số thứ tự: 128",
            "Suối Mây, ngày 19 tháng 11 năm 2026",
            "GIẤY TIẾP NHẬN HỒ SƠ VÀ HẸN TRẢ KẾT QUẢ",
            f"Mã hồ sơ: {CODE}",
            "(Liên: Giao khách hàng)",
            "Bộ phận tiếp nhận và trả kết quả: Trung tâm Phục vụ hành chính công xã Suối Mây",
            "Tiếp nhận hồ sơ của: Lường Văn Đạt",
            "Người nộp: Lò Thị Mưa, điện thoại 0900000777",
            "Địa chỉ: Bản Mây Hồng, xã Suối Mây",
            "Số điện thoại: 0900000119",
            "Email: dat.luong@suoimay.example",
            "Số định danh cá nhân: 014085000456",
            "Nội dung yêu cầu giải quyết: Đăng ký thành lập hộ kinh doanh: quán phở Mây Trắng",
            "1. Thành phần hồ sơ, yêu cầu và số lượng mỗi loại giấy tờ gồm:",
            "TT Tên giấy tờ Bản chính Bản sao chứng thực Bản photo",
            "1 Giấy đề nghị đăng ký hộ kinh doanh 1",
            "2 Giấy tờ pháp lý của cá nhân 2",
            "3 Biên bản họp thành viên hộ gia đình 3",
            "2. Số lượng hồ sơ: 01 (bộ)",
            "3. Thời gian giải quyết hồ sơ theo quy định là: 3 ngày làm việc",
            "4. Thời gian nhận hồ sơ: 14 giờ 20 phút, ngày 19 tháng 11 năm 2026",
            "5. Thời gian trả kết quả giải quyết hồ sơ: 14 giờ 20 phút, ngày 25 tháng 11 năm 2026",
            "Đăng ký nhận kết quả tại: Trung tâm Phục vụ hành chính công xã Suối Mây (trực tiếp)",
            "Phí, lệ phí: 50.000 đồng, biên lai số 0000123",
            "Vào Sổ theo dõi hồ sơ, Quyển số: 1, Số thứ tự: 128.",
            "NGƯỜI NỘP HỒ SƠ (ký và ghi rõ họ tên) Lò Thị Mưa",
            "NGƯỜI TIẾP NHẬN HỒ SƠ (ký và ghi rõ họ tên) Hoàng Thị Nắng",
        )

    def test_puts_each_count_into_its_column(self) -> None:
        pdf = PdfReader(BytesIO(receipt_slip_pdf(receipt(), copies=ONE_COPY)))
        lines = pdf.pages[0].extract_text(extraction_mode="layout").splitlines()
        rows = [line.rstrip() for line in lines if "Giấy đề nghị" in line or "Giấy tờ pháp lý" in line or "Biên bản họp" in line]
        assert [row[-1] for row in rows] == ["1", "2", "3"]
        assert len(rows[0]) < len(rows[1]) < len(rows[2])

    def test_makes_a_copy_to_keep_and_one_for_the_citizen_on_a5(self) -> None:
        pdf = receipt_slip_pdf(receipt())
        assert [("(Liên: Lưu)" in text, "(Liên: Giao khách hàng)" in text) for text in pages(pdf)] == [(True, False), (False, True)]
        assert page_sizes(pdf) == {(148, 210)}

    def test_goes_on_to_a_second_page_with_twelve_papers_and_says_so(self) -> None:
        papers = tuple(
            PaperLine(f"Bản vẽ thứ {number} của công trình, có thẩm duyệt phòng cháy, chữa cháy", 1, 0, 2) for number in range(1, 13)
        )
        texts = pages(receipt_slip_pdf(receipt(papers=papers)))
        assert [text[text.index("Trang ") :][:9] for text in texts] == ["Trang 1/2", "Trang 2/2"] * 2
        assert all("Tên giấy tờ" in text for text in texts)  # the head of the table is repeated
        for number in range(1, 13):
            assert " ".join(texts).count(f"Bản vẽ thứ {number} của") == 2

    def test_keeps_the_signatures_together(self) -> None:
        papers = tuple(PaperLine(f"Giấy tờ số {number}", 1, 0, 0) for number in range(1, 9))
        for count in range(9):
            last = pages(receipt_slip_pdf(receipt(papers=papers[:count]), copies=ONE_COPY))[-1]
            assert_in_order(last, "NGƯỜI NỘP HỒ SƠ", "Lò Thị Mưa", "NGƯỜI TIẾP NHẬN HỒ SƠ", "Hoàng Thị Nắng")

    def test_leaves_dots_to_write_on_where_nothing_is_known(self) -> None:
        text = text_of(phone="", email="", filer="", filer_phone="")
        assert "Số điện thoại: ....." in text
        assert "Email: ....." in text
        assert "Người nộp: ....." in text
        assert "NGƯỜI NỘP HỒ SƠ (ký và ghi rõ họ tên) NGƯỜI TIẾP NHẬN" in text  # signs with the name in full by hand

    @pytest.mark.parametrize(
        ("kind", "label"),
        [("tax_code", "Mã số thuế"), ("passport", "Số hộ chiếu"), ("old_citizen", "Số CMND"), ("citizen", "Số định danh cá nhân")],
    )
    def test_names_the_kind_of_number(self, kind: str, label: str) -> None:
        assert f"{label}: 0100000000" in text_of(id_kind=kind, id_number="0100000000")

    def test_tells_the_citizen_that_there_is_no_appointment(self) -> None:
        text = text_of(promised_at=None, limit="không tính thời hạn")
        assert "5. Thời gian trả kết quả giải quyết hồ sơ: không hẹn trước; chúng tôi báo ông, bà khi có kết quả" in text

    def test_says_when_the_appointment_rests_on_days_not_yet_decreed(self) -> None:
        text = text_of(provisional_days=("Tết Dương lịch 01/01/2027",))
        assert "Giờ hẹn tính theo lịch nghỉ dự kiến, chưa công bố: Tết Dương lịch 01/01/2027." in text
        assert "dự kiến" not in text_of()

    @pytest.mark.parametrize(("channel", "word"), [("counter", "trực tiếp"), ("postal", "bưu chính"), ("online", "trực tuyến")])
    def test_names_the_channel_of_the_result(self, channel: str, word: str) -> None:
        assert f"Đăng ký nhận kết quả tại: Bản Mây Hồng ({word})" in text_of(result_channel=channel, result_place="Bản Mây Hồng")

    def test_says_that_no_paper_was_handed_in(self) -> None:
        assert "Không nộp giấy tờ" in text_of(papers=())

    def test_has_no_name_in_the_properties_of_the_file(self) -> None:
        properties = PdfReader(BytesIO(receipt_slip_pdf(receipt()))).metadata
        assert properties is not None
        assert properties.title == f"GIẤY TIẾP NHẬN HỒ SƠ VÀ HẸN TRẢ KẾT QUẢ {CODE}"
        assert "Đạt" not in str(dict(properties))


class TestAsJson:
    def test_keeps_everything(self) -> None:
        for slip in (receipt(), receipt(promised_at=None, papers=(), provisional_days=("Tết Dương lịch 01/01/2027",))):
            kept = json.loads(json.dumps(as_json(slip)))
            assert receipt_slip_pdf(from_json(kept)) == receipt_slip_pdf(slip)
            assert from_json(kept) == replace(slip)
