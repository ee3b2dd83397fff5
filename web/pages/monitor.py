"""The leader's page: where is it stuck, and who needs me?"""

from flask import Blueprint, g, render_template, request
from flask.typing import ResponseReturnValue

from web.access import actor, needs
from web.services import services
from web.views.monitor import monitor_view, read_scope

blueprint = Blueprint("monitor", __name__)


@blueprint.get("/monitor")
@needs("monitor.read")
def monitor() -> ResponseReturnValue:
    with services().database.reading() as connection:
        scope, simulated = read_scope(connection, actor(), request.args, g.now)
        context = monitor_view(connection, scope, request.args, simulated)
    return render_template("monitor.html", **context)
