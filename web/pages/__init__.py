"""The pages, one module each; a module joins the application by its line here. Every route in them declares what it needs (web.access)."""

# module:attribute of blueprints
PAGES = ("web.pages.session:blueprint",)
