"""The page of a dossier as tests use it: a browser for each officer, its forms sent, the steps of others done."""

import html
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from engine.tables import trace_entries
from processes.dossiers.models import dossiers
from processes.dossiers.operations import Accepted
from tests.officeweb import OfficeSite
from tests.webapp import Site


def browser(site: OfficeSite, login: str) -> OfficeSite:
    return OfficeSite(site.office, Site(site.site.app, site.office.commune, site.site.app.test_client())).log_in(login)


def page_of(site: OfficeSite, accepted: Accepted, status: int = 200) -> str:
    return html.unescape(site.page(f"/dossiers/{accepted.code}", status))


def act(site: OfficeSite, accepted: Accepted, verb: str, status: int = 303, **values: str) -> str:
    """Send a form of the dossier's page; what the browser shows then."""
    here = f"/dossiers/{accepted.code}"
    answer = site.send(f"{here}/{verb}", shown_on=here, **values)
    assert answer.status_code == status, html.unescape(answer.get_data(as_text=True))
    return html.unescape(site.page(here) if status == 303 else answer.get_data(as_text=True))


def step(site: OfficeSite, accepted: Accepted, verb: str, status: int = 303, **values: str) -> str:
    return act(site, accepted, f"steps/{site.office.open_step(accepted)['id']}/{verb}", status, **values)


def row_of(site: OfficeSite, accepted: Accepted) -> Mapping[str, Any]:
    with site.office.database.reading() as connection:
        return dict(connection.execute(select(dossiers).where(dossiers.c.id == accepted.dossier_id)).mappings().one())


def through(site: OfficeSite, accepted: Accepted, *logins: str) -> None:
    """Steps done by these officers; whoever chooses approves."""
    for login in logins:
        site.office.claim(accepted, login)
        site.office.complete(accepted, login, **({"outcome": "approve"} if login == "tinh.dinh" else {}))


def now_panel(page: str) -> str:
    return page[page.index('aria-labelledby="now"') : page.index('aria-labelledby="parties"')]


def viewed(site: OfficeSite) -> list[tuple[Any, ...]]:
    with site.office.database.reading() as connection:
        columns = (trace_entries.c.subject_code, trace_entries.c.actor_id, trace_entries.c.chain_id)
        return [tuple(row) for row in connection.execute(select(*columns).where(trace_entries.c.kind == "personal.identifier.viewed"))]
