"""Passwords: argon2id, the least that a password must be, and equal time for those who do not exist."""

from dataclasses import dataclass
from functools import cached_property

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from engine.errors import InvalidError
from engine.folding import fold

_LONGEST = 256  # hashing megabytes would be an easy way to keep the machine busy
_COMMON = frozenset(
    [
        "1234567890",
        "0123456789",
        "0987654321",
        "1111111111",
        "1212121212",
        "123456789a",
        "qwertyuiop",
        "password123",
        "matkhau123",
        "matkhau1234",
        "admin12345",
        "administrator",
        "vietnam123",
        "vietnam2026",
        "ubndxa1234",
        "abcd123456",
        "iloveyou123",
        "123123123123",
        "12345678910",
        "123456789012",
    ]
)


class PasswordWeakError(InvalidError):
    """This password is too easy to guess."""

    code = "password_weak"


@dataclass(frozen=True)
class Passwords:
    """Makes and checks password hashes; the parameters come from the settings.

    Hashing takes tenths of a second by design: do it outside transactions, or SQLite's one writer waits for it.
    """

    time_cost: int = 3
    memory_kib: int = 65_536
    parallelism: int = 4
    min_length: int = 10

    def hash(self, password: str, *, login: str = "") -> str:
        """The hash to keep.

        Raises: PasswordWeakError that says what to change.
        """
        problem = self._problem(password, login)
        if problem:
            raise PasswordWeakError(problem[1], errors={"password": problem[1]}, reason=problem[0], min_length=self.min_length)
        return self._hasher.hash(password)

    def verify(self, kept: str | None, password: str) -> bool:
        """Whether the password is the one behind the hash; None (nobody) takes as long as a wrong password."""
        against = self._decoy if kept is None else kept
        if len(password) > _LONGEST:
            return False
        try:
            self._hasher.verify(against, password)
        except (VerificationError, InvalidHashError):
            return False
        return kept is not None

    def rehashed(self, kept: str, password: str) -> str | None:
        """A new hash of a password just verified, when the kept one was made with other parameters."""
        return self._hasher.hash(password) if self._hasher.check_needs_rehash(kept) else None

    def prepare(self) -> None:
        """Make the decoy before the clock of an answer runs, so that the first unknown login takes no longer than the next."""
        _ = self._decoy

    @cached_property
    def _hasher(self) -> PasswordHasher:
        return PasswordHasher(time_cost=self.time_cost, memory_cost=self.memory_kib, parallelism=self.parallelism)

    @cached_property
    def _decoy(self) -> str:
        return self._hasher.hash("nobody's password")

    def _problem(self, password: str, login: str) -> tuple[str, str] | None:
        if len(password) < self.min_length:
            return "too_short", f"A password has at least {self.min_length} characters."
        if len(password) > _LONGEST:
            return "too_long", f"A password has at most {_LONGEST} characters."
        plain = fold(password)
        if plain in _COMMON or len(set(plain)) <= min(3, self.min_length - 1):
            return "common", "This password is among the first that anyone would try."
        if login and fold(login) in plain:
            return "has_login", "A password does not contain the login."
        return None
