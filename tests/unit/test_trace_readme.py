import re
from pathlib import Path

import engine.trace
from engine.trace.canonical import decode, encode

README = (Path(engine.trace.__file__).parent / "README.md").read_text(encoding="utf-8")


class TestTheReadmeOfTheTrace:
    def test_gives_a_check_that_runs_on_the_standard_library_alone(self) -> None:
        (example,) = re.findall(r"```python\n(.*?)```", README, re.S)
        imported = {name for line in re.findall(r"^import (.*)$", example, re.M) for name in line.split(", ")}
        assert imported == {"hashlib", "hmac", "json"}
        assert example.count("assert") == 3
        exec(compile(example, "README.md", "exec"), {})

    def test_shows_the_members_that_an_entry_has(self) -> None:
        (shown,) = re.findall(r"^body = '(.*)'\.encode\(\)$", README, re.M)
        body = decode(shown.encode())
        assert encode(body) == shown.encode()
        members = {
            name
            for cell in re.findall(r"^\| (`v`.*|`[a-z_]+`(?:, `[a-z_]+`)*) \|", README, re.M)
            for name in re.findall(r"`([a-z_]+)`", cell)
        }
        assert set(body) <= members
