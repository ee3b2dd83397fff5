"""The pages, one module each; a module joins the application by its line here. Every route in them declares what it needs (web.access)."""

# module:attribute of blueprints
PAGES = (
    "web.pages.health:blueprint",
    "web.pages.session:blueprint",
    "web.pages.search:blueprint",
    "web.pages.desk:blueprint",
    "web.pages.intake:blueprint",
    "web.pages.dossier:blueprint",
    "web.pages.forms:blueprint",
    "web.pages.register:blueprint",
    "web.pages.catalogue:blueprint",
    "web.pages.monitor:blueprint",
    "web.pages.quality:blueprint",
    "web.pages.trace:blueprint",
)
