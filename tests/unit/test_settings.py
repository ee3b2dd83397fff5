import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from engine.errors import InvalidError
from web.settings import Settings, read_settings


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith("EISO_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("EISO_VAR", str(tmp_path / "var"))


class TestReadSettings:
    def test_needs_no_environment_at_all(self, tmp_path: Path) -> None:
        settings = read_settings()
        assert settings.database_url == f"sqlite:///{tmp_path / 'var' / 'eiso.db'}"
        assert (settings.host, settings.port, settings.zone.key) == ("127.0.0.1", 8000, "Asia/Ho_Chi_Minh")
        assert settings.oidc is None
        assert settings.smtp is None

    def test_keeps_its_files_in_the_checkout_wherever_it_is_called_from(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.delenv("EISO_VAR")
        monkeypatch.chdir(tmp_path)
        assert read_settings().var == Path(__file__).parents[2] / "var"

    def test_takes_what_it_is_given(self, monkeypatch: pytest.MonkeyPatch) -> None:
        given = {
            "DATABASE_URL": "postgresql://eiso@/eiso",
            "LISTEN": "[::1]:8080",
            "TIMEZONE": "UTC",
            "OIDC_ISSUER": "https://dang-nhap.example",
            "OIDC_CLIENT_ID": "eiso",
            "OIDC_CLIENT_SECRET": "bí mật",
            "SMTP_HOST": "thu.example",
            "SMTP_SENDER": "mot-cua@hoa-sen.example",
        }
        for name, value in given.items():
            monkeypatch.setenv(f"EISO_{name}", value)
        settings = read_settings()
        assert settings.database_url == "postgresql://eiso@/eiso"
        assert (settings.host, settings.port, settings.zone.key) == ("::1", 8080, "UTC")
        assert settings.oidc is not None
        assert settings.oidc.client_secret == "bí mật"
        assert settings.smtp is not None
        assert (settings.smtp.port, settings.smtp.sender) == (25, "mot-cua@hoa-sen.example")

    def test_names_every_variable_at_fault_at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("EISO_LISTEN", "cổng tám nghìn")
        monkeypatch.setenv("EISO_TIMEZONE", "Asia/Hoa_Sen")
        monkeypatch.setenv("EISO_SECRET_KEY", "ngắn")
        monkeypatch.setenv("EISO_OIDC_ISSUER", "https://dang-nhap.example")
        with pytest.raises(InvalidError) as caught:
            read_settings()
        assert caught.value.code == "settings_invalid"
        assert set(caught.value.errors) == {
            "EISO_LISTEN",
            "EISO_TIMEZONE",
            "EISO_SECRET_KEY",
            "EISO_OIDC_CLIENT_ID",
            "EISO_OIDC_CLIENT_SECRET",
        }


class TestKeys:
    def test_are_made_once_and_readable_by_their_owner_alone(self, tmp_path: Path) -> None:
        first, second = read_settings(), read_settings()
        assert first.secret_key() == second.secret_key()
        assert len(first.secret_key()) == 64
        assert _public(first) == _public(second)
        files = sorted((tmp_path / "var").iterdir())
        assert [file.name for file in files] == ["secret_key", "signing_key.pem"]
        assert {file.stat().st_mode & 0o777 for file in files} == {0o600}

    def test_are_taken_from_the_environment(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        key = read_settings().signing_key()
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (tmp_path / "other.pem").write_bytes(pem)
        public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        monkeypatch.setenv("EISO_VAR", str(tmp_path / "elsewhere"))
        monkeypatch.setenv("EISO_SECRET_KEY", "mười sáu chữ trở lên")
        assert read_settings().secret_key() == "mười sáu chữ trở lên"
        for given in (pem.decode(), str(tmp_path / "other.pem")):
            monkeypatch.setenv("EISO_SIGNING_KEY", given)
            assert _public(read_settings()) == public
        assert not (tmp_path / "elsewhere").exists()

    @pytest.mark.parametrize("given", ["/no/such/file", "-----BEGIN PRIVATE KEY-----\nhoa sen\n-----END PRIVATE KEY-----"])
    def test_refuse_what_is_no_key(self, monkeypatch: pytest.MonkeyPatch, given: str) -> None:
        monkeypatch.setenv("EISO_SIGNING_KEY", given)
        with pytest.raises(InvalidError) as caught:
            read_settings().signing_key()
        assert "EISO_SIGNING_KEY" in caught.value.errors


def _public(settings: Settings) -> bytes:
    return settings.signing_key().public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
