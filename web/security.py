"""What protects the pages in the browser: headers, the content security policy, the cookie, and the token against forged forms."""

from datetime import timedelta

from flask import Flask, Request, Response, g, request
from flask.sessions import SecureCookieSessionInterface
from flask_wtf.csrf import CSRFProtect

_POLICY = {
    "default-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self' data:",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
CONTENT_SECURITY_POLICY = "; ".join(f"{name} {value}" for name, value in _POLICY.items())

_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
_A_YEAR = int(timedelta(days=365).total_seconds())


class _Cookie(SecureCookieSessionInterface):
    """Marks the cookie Secure exactly when the request came by https: the office may start without a certificate."""

    def get_cookie_secure(self, app: Flask) -> bool:
        return request.is_secure


def protect(app: Flask, secret_key: str) -> CSRFProtect:
    """Set the cookie's flags, demand the token on every request that changes something, and send the headers."""
    app.secret_key = secret_key
    app.session_interface = _Cookie()
    app.config.update(
        SESSION_COOKIE_NAME="eiso_session",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        WTF_CSRF_TIME_LIMIT=None,  # the token is good as long as the log-in; its end is a sentence of its own
        WTF_CSRF_HEADERS=["X-CSRFToken"],
    )
    app.after_request(_send_headers)
    return CSRFProtect(app)


def _send_headers(response: Response) -> Response:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", f"max-age={_A_YEAR}")
    _tell_how_long_to_keep(request, response)
    return response


def _tell_how_long_to_keep(asked: Request, response: Response) -> None:
    if asked.endpoint == "static":
        # asked for by the hash of its content: it can never change
        kept = f"public, max-age={_A_YEAR}, immutable" if "v" in asked.args and response.status_code == 200 else "no-cache"
        response.headers["Cache-Control"] = kept
    elif "Cache-Control" not in response.headers:
        # pages hold personal data: nothing stays on a shared machine, not even for the back button after logging out
        response.headers["Cache-Control"] = "no-store" if "actor" in g else "no-cache, private"
