"""The links of the left side: what a person may open, grouped as the work is."""

from collections.abc import Mapping
from dataclasses import dataclass

from flask import current_app, g, request, url_for

from processes.organisation.rights import may


@dataclass(frozen=True)
class Link:
    """One entry: where it leads, and what one must be allowed to see it."""

    endpoint: str
    label: str
    icon: str
    permission: str


@dataclass(frozen=True)
class ShownLink:
    """A link as this page shows it."""

    href: str
    label: str
    icon: str
    is_current: bool
    count: int | None


SECTIONS: Mapping[str, tuple[Link, ...]] = {
    "Hồ sơ": (
        Link("desk.desk", "Việc của tôi", "desk", "step.work"),
        Link("intake.intake", "Tiếp nhận", "plus", "dossier.accept"),
        Link("register.register", "Sổ theo dõi", "book", "register.read"),
        Link("catalogue.procedures", "Thủ tục", "list", "catalogue.read"),
    ),
    "Theo dõi": (
        Link("monitor.monitor", "Tình hình giải quyết", "chart", "monitor.read"),
        Link("quality.nonconformities", "Sự không phù hợp", "alert", "quality.read"),
        Link("trace.trace", "Truy xuất", "shield", "trace.read"),
    ),
    "Quản trị": (Link("admin.people", "Người dùng", "settings", "admin.manage"),),
}


def links_for() -> list[tuple[str, list[ShownLink]]]:
    """The sections with at least one link that the signed-in person may follow on this installation."""
    shown = [(title, [_shown(link) for link in links if _is_open(link)]) for title, links in SECTIONS.items()]
    return [(title, links) for title, links in shown if links]


def home_endpoint() -> str | None:
    """The first page that the signed-in person may open: where one lands after logging in."""
    return next((link.endpoint for section in SECTIONS.values() for link in section if _is_open(link)), None)


def _is_open(link: Link) -> bool:
    """Whether the page is part of this installation and the signed-in person may open it."""
    actor = g.get("actor")
    return actor is not None and link.endpoint in current_app.view_functions and may(actor, link.permission)


def _shown(link: Link) -> ShownLink:
    counts = g.get("counts", {})
    is_current = request.endpoint == link.endpoint or (request.blueprint is not None and link.endpoint.startswith(f"{request.blueprint}."))
    return ShownLink(url_for(link.endpoint), link.label, link.icon, is_current, counts.get(link.endpoint))
