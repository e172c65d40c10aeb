"""Odd, damaged, encrypted, huge and hostile files: each is read, or refused in one plain line, at a bounded cost."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from octavo import errors
from octavo.drawing import pool
from octavo.pages import open_pages
from octavo.settings import EngineSettings, ParseOptions

ROBUST = Path(__file__).parents[1].parent / "shared" / "eval" / "robust"
MOST_PAGES = 3
MOST_SECONDS = 30.0  # the set asks for 60; a busy machine may take twice what it should
MOST_KIBIBYTES = 2_700 << 10


def rows() -> list[Any]:
    manifest = ROBUST / "manifest.jsonl"
    if not manifest.exists():
        return []
    found = [json.loads(line) for line in manifest.read_text().splitlines()]
    return [pytest.param(row, id=row["id"], marks=() if row["core"] else pytest.mark.slow) for row in found]


def outcome(data: bytes, password: str | None) -> str:
    """'ok', or the code of the error that refused the document or its first unreadable page."""
    options = ParseOptions(password=password)  # type: ignore[arg-type]
    try:
        with open_pages([data], options, EngineSettings()) as pages:
            assert pages.count > 0
            for number in pages.numbers[:MOST_PAGES]:
                page = pages.draw(number)
                assert min(page.size) >= 1
                assert max(page.size) <= options.max_side
                assert page.text is None or page.text.reason
    except errors.OctavoError as error:
        return error.code if _is_plain(error) else f"not a plain error: {error!r}"
    return "ok"


def _is_plain(error: errors.OctavoError) -> bool:
    return error.fault is errors.Fault.CALLER and bool(error.message) and "\n" not in error.message


@pytest.mark.skipif(not rows(), reason="the robustness set is not here")
@pytest.mark.parametrize("row", rows())
def test_every_file_is_read_or_refused_as_it_should_be(row: dict[str, Any]) -> None:
    data = (ROBUST / row["file"]).read_bytes()
    started = time.monotonic()
    found = outcome(data, None)
    assert not found.startswith("not a plain error")
    assert time.monotonic() - started < MOST_SECONDS
    match row["expected"]:
        case "ok":
            assert found == "ok"
        case "clean_error":
            assert found != "ok"
        case "error_password":
            assert found == errors.PasswordNeeded.code
            assert row["password"] is None or outcome(data, row["password"]) == "ok"
        case "ok_or_limit_error":
            assert found in ("ok", errors.LimitExceeded.code)
        case expected:
            assert expected == "ok_or_clean_error"
    for child in pool.shared().processes():
        peak = next(line for line in Path(f"/proc/{child}/status").read_text().splitlines() if line.startswith("VmHWM"))
        assert int(peak.split()[1]) < MOST_KIBIBYTES
