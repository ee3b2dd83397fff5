"""What the log holds, and what it must not."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from web.logs import write_json


@pytest.fixture
def json_log() -> Iterator[None]:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield
    root.handlers[:], _ = before[0], root.setLevel(before[1])
    structlog.reset_defaults()


class TestWriteJson:
    def test_keeps_the_values_of_variables_out(self, json_log: None, capsys: pytest.CaptureFixture[str]) -> None:
        write_json()
        try:
            owner = "Lường Văn Đạt"
            raise LookupError("the officer's connection breaks: " + owner[:0])
        except LookupError as error:
            structlog.get_logger("web").error("failed", reference="7K2M-41", exc_info=error)
        line = capsys.readouterr().err.strip().splitlines()[-1]
        assert json.loads(line)["reference"] == "7K2M-41"
        assert "LookupError" in line
        assert "Đạt" not in line
