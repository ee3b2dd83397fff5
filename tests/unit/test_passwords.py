import pytest
from argon2 import PasswordHasher

from processes.organisation.passwords import Passwords, PasswordWeakError

CHEAP = Passwords(time_cost=1, memory_kib=8, parallelism=1)


class TestHash:
    def test_gives_another_hash_each_time_that_verifies(self) -> None:
        one, two = CHEAP.hash("mây trắng bay"), CHEAP.hash("mây trắng bay")
        assert one != two
        assert CHEAP.verify(one, "mây trắng bay")
        assert "mây" not in one

    @pytest.mark.parametrize(
        ("password", "reason"),
        [
            ("ngắn", "too_short"),
            ("x" * 257, "too_long"),
            ("1234567890", "common"),
            ("aaaaaaaaaaaa", "common"),
            ("Mật khẩu dat.pham nhé", "has_login"),
        ],
    )
    def test_refuses_a_weak_password_and_says_why(self, password: str, reason: str) -> None:
        with pytest.raises(PasswordWeakError) as refused:
            CHEAP.hash(password, login="dat.pham")
        assert refused.value.facts["reason"] == reason

    def test_takes_short_ones_where_the_settings_say_so(self) -> None:
        demo = Passwords(time_cost=1, memory_kib=8, parallelism=1, min_length=4)
        assert demo.verify(demo.hash("demo"), "demo")


class TestVerify:
    def test_refuses_another_password(self) -> None:
        assert not CHEAP.verify(CHEAP.hash("mây trắng bay"), "mây trắng bay.")

    def test_hashes_for_nobody_as_well(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Equal work for unknown logins: the decoy is verified with the same parameters, and never accepted."""
        verified: list[str] = []
        hasher = Passwords(time_cost=1, memory_kib=8, parallelism=1)
        really = PasswordHasher.verify

        def noted(self: PasswordHasher, kept: str, password: str) -> bool:
            verified.append(kept)
            return really(self, kept, password)

        monkeypatch.setattr(PasswordHasher, "verify", noted)
        assert not hasher.verify(None, "nobody's password")
        assert len(verified) == 1
        assert verified[0].split("$")[:4] == hasher.hash("mây trắng bay").split("$")[:4]

    def test_refuses_a_hash_that_is_none(self) -> None:
        assert not CHEAP.verify("", "mây trắng bay")


class TestRehashed:
    def test_gives_nothing_while_the_parameters_are_the_same(self) -> None:
        assert CHEAP.rehashed(CHEAP.hash("mây trắng bay"), "mây trắng bay") is None

    def test_gives_a_new_hash_after_the_parameters_changed(self) -> None:
        dearer = Passwords(time_cost=2, memory_kib=16, parallelism=1)
        renewed = dearer.rehashed(CHEAP.hash("mây trắng bay"), "mây trắng bay")
        assert renewed is not None
        assert dearer.verify(renewed, "mây trắng bay")
