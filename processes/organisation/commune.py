"""The units that a commune has since 2025, and the fields of procedures that each is responsible for.

What a new commune starts with; the administrator changes it afterwards. The keys are those that lanes of models name.

Source: QĐ 3470/QĐ-UBND (UBND xã Định Mỹ, An Giang) for the units; the fields as the national database of procedures names them.
"""

from dataclasses import dataclass

from sqlalchemy import Connection

from engine.actor import Actor
from engine.clock import Clock
from engine.ids import Ids
from processes.organisation.operations import add_unit


@dataclass(frozen=True, slots=True)
class StandardUnit:
    """A unit that every commune has."""

    key: str
    name: str
    is_counter: bool = False
    fields: tuple[str, ...] = ()


STANDARD_UNITS = (
    StandardUnit("counter", "Trung tâm Phục vụ hành chính công", is_counter=True),
    StandardUnit("leadership", "Lãnh đạo UBND"),
    StandardUnit(
        "office",
        "Văn phòng HĐND và UBND",
        fields=("Hộ tịch", "Chứng thực", "Quốc tịch", "Nuôi con nuôi", "Hòa giải ở cơ sở", "Bồi thường nhà nước"),
    ),
    StandardUnit(
        "economy",
        "Phòng Kinh tế",
        fields=(
            "Đất đai",
            "Tài chính đất đai",
            "Đăng ký biện pháp bảo đảm",
            "Địa chất và khoáng sản",
            "Môi trường",
            "Biển và hải đảo",
            "Hoạt động xây dựng",
            "Nhà ở và công sở",
            "Hạ tầng kỹ thuật",
            "Quy hoạch đô thị và nông thôn",
            "Đường bộ",
            "Hàng hải và đường thủy nội địa",
            "Thành lập và hoạt động doanh nghiệp (hộ kinh doanh)",
            "Thành lập và hoạt động của hộ kinh doanh",
            "Thành lập và hoạt động của tổ hợp tác, hợp tác xã, liên hiệp hợp tác xã",
            "Hỗ trợ tổ hợp tác, hợp tác xã, liên hiệp hợp tác xã",
            "Kinh tế hợp tác và Phát triển nông thôn",
            "Nông nghiệp",
            "Trồng trọt",
            "Thú y",
            "Thủy sản",
            "Thủy lợi",
            "Lâm nghiệp",
            "Kiểm lâm",
            "Quản lý Đê điều và Phòng, chống thiên tai",
        ),
    ),
    StandardUnit(
        "culture_society",
        "Phòng Văn hóa - Xã hội",
        fields=("Bảo trợ xã hội", "Người có công", "Giảm nghèo", "Tổ chức cai nghiện ma túy và quản lý sau cai nghiện"),
    ),
    StandardUnit(
        "police",
        "Công an xã",
        fields=("Đăng ký, quản lý cư trú", "Cấp, quản lý căn cước", "Định danh và xác thực điện tử", "Phòng cháy, chữa cháy"),
    ),
)


def add_standard_units(connection: Connection, *, actor: Actor, clock: Clock, ids: Ids, agency_id: int) -> dict[str, int]:
    """Give a new commune its units; returns their ids by key.

    Raises: NotPermittedError; WrongStateError (unit_exists) for an agency that has some of them already.
    """
    return {
        unit.key: add_unit(
            connection,
            actor=actor,
            clock=clock,
            ids=ids,
            agency_id=agency_id,
            key=unit.key,
            name=unit.name,
            is_counter=unit.is_counter,
            fields=unit.fields,
        )
        for unit in STANDARD_UNITS
    }
