"""What machines ask about this one: is the process there, is it ready to work, how is it doing. Figures only, nobody's data."""

from typing import Any

from flask import Blueprint, Response, current_app, jsonify
from flask.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, generate_latest
from sqlalchemy.exc import DBAPIError

from processes.doctor.vitals import Vitals, vitals
from web.access import public
from web.schema import is_current
from web.services import services

LATE_SWEEP_SECONDS = 180  # six sweeps missed

blueprint = Blueprint("health", __name__)

_KEY = "eiso_metrics"
_GAUGES = {
    "eiso_sweep_age_seconds": ("Seconds of real time since the last sweep.", "swept_seconds_ago"),
    "eiso_parked_instances": ("Instances on which a sweep failed and which are tried again.", "parked"),
    "eiso_open_steps": ("Steps that are open or claimed.", "open_steps"),
    "eiso_overdue_steps": ("Open steps past their deadline.", "overdue_steps"),
    "eiso_overdue_dossiers": ("Dossiers past their deadline whose clock has not finished.", "overdue_dossiers"),
}


@blueprint.get("/healthz")
@public
def healthz() -> ResponseReturnValue:
    """The process answers."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
@public
def readyz() -> ResponseReturnValue:
    """Ready to work: the database answers and has the newest revision, and deadlines are being watched; 503 with the facts if not."""
    facts = _facts()
    is_ready = not facts["problems"]
    return jsonify({"ready": is_ready, **facts}), 200 if is_ready else 503


@blueprint.get("/metrics")
@public
def metrics() -> ResponseReturnValue:
    """The figures for Prometheus; requests are counted by each process for itself."""
    counted: _Metrics = current_app.extensions[_KEY]
    counted.show(_vitals())
    return Response(generate_latest(counted.registry), content_type=CONTENT_TYPE_LATEST)


def _facts() -> dict[str, Any]:
    try:
        is_migrated = is_current(services().database)
        found = _vitals() if is_migrated else None
    except DBAPIError as error:
        return {"database": False, "error": type(error.orig).__name__, "problems": ["database_unavailable"]}
    facts: dict[str, Any] = {"database": True, "migrations_current": is_migrated}
    if found is None:
        return {**facts, "problems": ["migrations_outstanding"]}
    age = found.swept_seconds_ago
    facts |= {
        "last_sweep_at": found.swept_at.astimezone(services().zone).isoformat(timespec="seconds") if found.swept_at is not None else None,
        "sweep_age_seconds": round(age) if age is not None else None,
        "parked_instances": found.parked,
        "parked_since": found.parked_since.astimezone(services().zone).isoformat(timespec="seconds") if found.parked_since else None,
    }
    return {**facts, "problems": ["sweep_late"] if age is None or age > LATE_SWEEP_SECONDS else []}


def _vitals() -> Vitals:
    clock = services().clock
    with services().database.reading() as connection:
        return vitals(connection, now=clock.now(), recorded_now=clock.recorded_now())


class _Metrics:
    """The figures of one application; each has a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter("eiso_requests", "Answers by status.", ["status"], registry=self.registry)
        self.gauges = {name: Gauge(name, about, registry=self.registry) for name, (about, _) in _GAUGES.items()}

    def show(self, found: Vitals) -> None:
        for name, (_, attribute) in _GAUGES.items():
            value = getattr(found, attribute)
            self.gauges[name].set(value if value is not None else float("nan"))


@blueprint.record
def _begin_counting(state: BlueprintSetupState) -> None:
    state.app.extensions[_KEY] = _Metrics()


@blueprint.after_app_request
def _count(response: Response) -> Response:
    counted: _Metrics = current_app.extensions[_KEY]
    counted.requests.labels(str(response.status_code)).inc()
    return response
