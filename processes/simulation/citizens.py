"""Citizens who do not exist, and what they hand in. Names are things of the hills; phones and ID numbers end like samples."""

from collections.abc import Sequence
from random import Random

from processes.catalogue.queries import ProcedureInForce
from processes.dossiers.intake import Intake, PaperEntry, PartyEntry

# fmt: off
_FAMILIES = (
    "Lường", "Mè", "Đỗ", "Lò", "Quách", "Nhâm", "Tạ", "Cầm", "Hà", "Vàng", "Lưu", "Nông", "Quàng", "Bế", "Mai", "Khúc", "Phan",
    "Đặng",
)
_GIVEN = (
    "Thửa", "Ngói", "Gạch", "Chợ", "Kê", "Lúa", "Mận", "Đào", "Sương", "Suối", "Mây", "Nương", "Thóc", "Khoai", "Bưởi", "Chè", "Mía",
    "Tre", "Nứa", "Trúc", "Cối", "Chày", "Gùi", "Rổ", "Sọt", "Nếp", "Tẻ", "Hồi", "Quế", "Sả", "Gừng", "Riềng", "Nấm", "Măng", "Mộc",
    "Nhĩ", "Bầu", "Bí", "Mướp", "Ớt", "Cà", "Đỗ", "Lạc", "Vừng", "Ngô", "Sắn", "Cọ", "Lau", "Sậy", "Rêu",
)
# fmt: on
_HAMLETS = ("Mây Hồng", "Mây Trắng", "Suối Cạn", "Suối Đá", "Nà Chuông", "Đồi Chè", "Cầu Treo", "Gốc Gạo")
_FILED_FOR_ANOTHER = 0.12
_OPTIONAL_PAPER = 0.12
_RESULT_CHANNELS = {"direct": "counter", "postal": "postal", "online": "online"}


def invent_citizen(chance: Random) -> PartyEntry:
    """Somebody of the commune, of age; name, sex and ID number agree."""
    is_woman = chance.random() < 0.5
    born = chance.randint(1945, 2005)
    century_and_sex = (0 if born < 2000 else 2) + is_woman
    number = chance.randint(100, 999)
    name = f"{chance.choice(_FAMILIES)} {'Thị' if is_woman else 'Văn'} {chance.choice(_GIVEN)}"
    return PartyEntry(
        name=name,
        id_number=f"014{century_and_sex}{born % 100:02d}000{number}",
        phone=f"0900000{number}",
        address=f"Bản {chance.choice(_HAMLETS)}, xã Suối Mây",
    )


def invent_intake(chance: Random, procedure: ProcedureInForce, *, channel: str, variant: str | None, receipt: int) -> Intake:
    """A complete intake: every required paper, now and then one that is not, the fee where it is paid at intake."""
    owner = invent_citizen(chance)
    filer = invent_citizen(chance) if chance.random() < _FILED_FOR_ANOTHER else None
    fee = procedure.facts.get("fee") or {}
    paid = fee.get("amount") if fee.get("when") == "intake" else None
    return Intake(
        procedure_code=procedure.code,
        channel=channel,
        owner=owner,
        filer=filer,
        variant=variant,
        papers=_papers(chance, procedure),
        result_channel=_RESULT_CHANNELS[channel],
        fee_amount=paid or None,
        fee_receipt=f"{receipt:07d}" if paid else None,
    )


def _papers(chance: Random, procedure: ProcedureInForce) -> Sequence[PaperEntry]:
    handed_in = []
    for paper in procedure.papers:
        if paper["required"] or chance.random() < _OPTIONAL_PAPER:
            entry = PaperEntry(paper["code"], paper["originals"], paper["certified"], paper["copies"])
            handed_in.append(entry if entry.total else PaperEntry(paper["code"], originals=1))
    return handed_in
