"""The door to typst: same data, same bytes; nothing that people type is ever read as markup."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import processes
from engine.errors import UnavailableError
from processes.forms import rendering
from processes.forms.receipt_slip import for_template, receipt_slip_pdf
from processes.forms.rendering import render
from processes.forms.tracking_slip import tracking_slip_pdf
from processes.forms.wording import _GLYPHS, UNPRINTABLE
from tests.unit.form_samples import ACCEPTED_AT, CODE, pages, receipt, tracking

HOSTILE = '#read("/etc/passwd") *x* $x$ \\ @ref <label> = H // c /* d */ `raw` #import "@preview/cades:0.3.0" [#panic()] ~ \\u{41} "'


class TestRender:
    def test_gives_the_same_bytes_for_the_same_data(self) -> None:
        assert receipt_slip_pdf(receipt()) == receipt_slip_pdf(receipt())
        assert tracking_slip_pdf(tracking()) == tracking_slip_pdf(tracking())

    def test_gives_the_same_bytes_in_another_process(self) -> None:
        script = (
            "import sys, hashlib; from tests.unit.form_samples import receipt; "
            "from processes.forms.receipt_slip import receipt_slip_pdf; sys.stdout.buffer.write(receipt_slip_pdf(receipt()))"
        )
        root = Path(processes.__file__).parent.parent
        elsewhere = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, check=True)
        assert elsewhere.stdout == receipt_slip_pdf(receipt())

    def test_gives_other_bytes_for_other_data(self) -> None:
        assert receipt_slip_pdf(receipt()) != receipt_slip_pdf(receipt(owner="Lường Văn Dat"))

    def test_works_in_several_threads_at_once(self) -> None:
        owners = [f"Lường Văn Đạt {number}" for number in range(12)]
        with ThreadPoolExecutor(4) as pool:
            made = list(pool.map(lambda owner: receipt_slip_pdf(receipt(owner=owner)), owners))
        assert made == [receipt_slip_pdf(receipt(owner=owner)) for owner in owners]

    def test_prints_what_was_typed_as_it_was_typed(self) -> None:
        fields = {name: HOSTILE for name in ("owner", "filer", "address", "phone", "content", "fee", "receiver", "contact")}
        text = " ".join(pages(receipt_slip_pdf(receipt(**fields))))
        assert text.replace(" ", "").count(HOSTILE.replace(" ", "")) >= 2 * len(fields)  # on both copies
        assert "root:" not in text

    def test_prints_every_character_that_it_calls_printable(self) -> None:
        render("receipt_slip", _with_content("".join(sorted(_GLYPHS)) + UNPRINTABLE), made_at=ACCEPTED_AT, qr=CODE)

    def test_puts_nothing_but_the_dossier_code_into_the_qr_code(self, monkeypatch: pytest.MonkeyPatch) -> None:
        said: list[str] = []
        drawn = rendering.qr_code
        monkeypatch.setattr(rendering, "qr_code", lambda text: said.append(text) or drawn(text))  # type: ignore[func-returns-value]
        receipt_slip_pdf(receipt())
        tracking_slip_pdf(tracking())
        assert said == [CODE, CODE]

    def test_still_makes_the_paper_where_a_letter_cannot_be_printed(self) -> None:
        (text,) = pages(receipt_slip_pdf(receipt(owner="Trương 張 😀 Mây"), copies=("Lưu",)))
        assert "Tiếp nhận hồ sơ của: Trương □ □ Mây" in text

    def test_does_without_tinos(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(rendering, "_fonts", lambda: (rendering._EMBEDDED, rendering.typst.Fonts(include_system_fonts=False)))
        (text,) = pages(receipt_slip_pdf(receipt(), copies=("Lưu",)))
        assert "Lường Văn Đạt" in text

    def test_refuses_a_font_that_is_not_there(self, monkeypatch: pytest.MonkeyPatch) -> None:
        _, fonts = rendering._fonts()
        monkeypatch.setattr(rendering, "_fonts", lambda: (("Chữ Mây",), fonts))
        with pytest.raises(UnavailableError) as refused:
            receipt_slip_pdf(receipt())
        assert refused.value.code == "form_not_rendered"
        assert "unknown font family" in refused.value.facts["reason"]

    @pytest.mark.parametrize(
        "markup", ['#read("/etc/hostname")', '#read("../../etc/hostname")', '#image("x.png")', '#import "@preview/cades:0.3.0": qr-code']
    )
    def test_lets_a_template_reach_no_file_and_no_package(self, markup: str, monkeypatch: pytest.MonkeyPatch) -> None:
        if "@preview" in markup:
            monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
        monkeypatch.setattr(rendering, "_source", lambda template: markup.encode())
        with pytest.raises(UnavailableError):
            render("anything", {}, made_at=ACCEPTED_AT, qr=CODE)


class TestTemplates:
    def test_name_no_package_and_no_file(self) -> None:
        folder = Path(rendering.__file__).parent / "templates"
        texts = [path.read_text(encoding="utf-8") for path in folder.glob("*.typ")]
        assert len(texts) >= 3
        assert not any(word in text for text in texts for word in ("@preview", "#import", "#include", "read("))


def _with_content(content: str) -> dict[str, object]:
    return for_template(receipt(content=content)) | {"copies": ["Lưu"]}
