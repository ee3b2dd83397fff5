"""What the environment says about this installation. Everything is optional; what is missing is made on first use below `var/`."""

import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from environs import Env, EnvValidationError, validate
from marshmallow import ValidationError

from engine.errors import InvalidError

_CHECKOUT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Oidc:
    """The identity provider that people may log in with."""

    issuer: str
    client_id: str
    client_secret: str


@dataclass(frozen=True, slots=True)
class Smtp:
    """The mail server for notices."""

    host: str
    port: int
    user: str
    password: str
    sender: str


@dataclass(frozen=True, slots=True)
class Settings:
    """One installation's settings."""

    var: Path
    database_url: str
    host: str
    port: int
    zone: ZoneInfo
    oidc: Oidc | None
    smtp: Smtp | None
    given_secret_key: str | None = None
    given_signing_key: str | None = None

    def secret_key(self) -> str:
        """The key that signs sessions; made and kept on first use."""
        return self.given_secret_key or _kept(self.var / "secret_key", lambda: secrets.token_hex(32).encode()).decode()

    def signing_key(self) -> Ed25519PrivateKey:
        """The key that signs checkpoints of the trace; made and kept on first use.

        Raises: InvalidError where the given one is no Ed25519 key in PEM.
        """
        pem = _given_pem(self.given_signing_key) if self.given_signing_key else _kept(self.var / "signing_key.pem", _new_signing_key)
        try:
            key = load_pem_private_key(pem, password=None)
        except (ValueError, TypeError):
            key = None
        if not isinstance(key, Ed25519PrivateKey):
            raise _invalid({"EISO_SIGNING_KEY": "must be an Ed25519 private key in PEM, or the path of a file that holds one"})
        return key


def read_settings() -> Settings:
    """The settings of this process's environment.

    Raises: InvalidError that names every variable at fault.
    """
    env = Env(prefix="EISO_", eager=False)
    var = env.path("VAR", default=_default_var())
    database_url = env.str("DATABASE_URL", default=None) or f"sqlite:///{var / 'eiso.db'}"
    listen = env.str("LISTEN", default="127.0.0.1:8000", validate=_is_listen)
    zone = env.str("TIMEZONE", default="Asia/Ho_Chi_Minh", validate=_is_zone)
    secret_key = env.str("SECRET_KEY", default=None, validate=validate.Length(min=16, error="must have 16 characters or more"))
    signing_key = env.str("SIGNING_KEY", default=None)
    oidc = _oidc(env)
    smtp = _smtp(env)
    try:
        env.seal()
    except EnvValidationError as error:
        raise _invalid({name: " ".join(problems) for name, problems in _by_variable(error).items()}) from None
    host, _, port = listen.rpartition(":")
    return Settings(var, database_url, host.strip("[]"), int(port), ZoneInfo(zone), oidc, smtp, secret_key, signing_key)


def _default_var() -> Path:
    """`var/` of the checkout, wherever the command was called from; installed elsewhere, of the working directory."""
    return (_CHECKOUT if (_CHECKOUT / "pyproject.toml").exists() else Path.cwd()) / "var"


def _oidc(env: Env) -> Oidc | None:
    with env.prefixed("OIDC_"):
        issuer = env.str("ISSUER", default="")
        return Oidc(issuer, env.str("CLIENT_ID"), env.str("CLIENT_SECRET")) if issuer else None


def _smtp(env: Env) -> Smtp | None:
    with env.prefixed("SMTP_"):
        host = env.str("HOST", default="")
        if not host:
            return None
        return Smtp(host, env.int("PORT", default=25), env.str("USER", default=""), env.str("PASSWORD", default=""), env.str("SENDER"))


def _is_listen(value: str) -> None:
    host, _, port = value.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise ValidationError("must be HOST:PORT, for example 127.0.0.1:8000")


def _is_zone(value: str) -> None:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValidationError("must name a time zone, for example Asia/Ho_Chi_Minh") from None


def _by_variable(error: EnvValidationError) -> Mapping[str, list[str]]:
    found = error.error_messages
    return found if isinstance(found, Mapping) else {"": found}


def _invalid(errors: dict[str, str]) -> InvalidError:
    return InvalidError("The environment holds settings that cannot be used.", code="settings_invalid", errors=errors)


def _given_pem(value: str) -> bytes:
    if value.lstrip().startswith("-----BEGIN"):
        return value.encode()
    try:
        return Path(value).read_bytes()
    except OSError:
        return b""


def _new_signing_key() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _kept(path: Path, make: Callable[[], bytes]) -> bytes:
    """The content of a file that only its owner may read; made whole or not at all, once, however many processes start together."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(make())
        try:
            os.link(draft, path)
        except FileExistsError:  # another process was quicker: its key holds
            pass
        finally:
            draft.unlink()
    return path.read_bytes()
