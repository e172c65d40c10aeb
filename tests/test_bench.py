"""`octavo bench`: figures for one's own documents, with the embedded engine and with a stand-in for the model."""

import json
from pathlib import Path

import pytest
from pdf_maker import make_pdf, text_page

from octavo.__main__ import main
from octavo.frontends._exits import Exit

LINES = [f"Line {number} of a letter that is long enough to be read as text" for number in range(12)]


@pytest.fixture
def letter(tmp_path: Path) -> Path:
    file = tmp_path / "letter.pdf"
    file.write_bytes(make_pdf(text_page(*LINES), text_page(*LINES)))
    return file


@pytest.mark.slow
def test_a_document_is_measured_and_scored(letter: Path, capsys: pytest.CaptureFixture[str]) -> None:
    letter.with_name("letter.pdf.truth.md").write_text("\n".join(LINES * 2))
    assert main(["bench", str(letter), "--repeat", "2", "--json"]) == Exit.SUCCESS
    found = json.loads(capsys.readouterr().out)
    [document] = found["documents"]
    assert found["pages"] == 4
    assert found["pages_per_second"] > 0
    assert found["cpu_ms_per_page"] > 0
    assert document["pages"] == 2
    assert document["score"] > 0.95
    assert not list(letter.parent.glob("out*"))


@pytest.mark.slow
def test_the_stand_in_answers_for_the_model(letter: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["bench", str(letter), "--latency", "0.01", "--detector", "whole_page", "--text-layer", "off"]
    assert main([*words, "--repeat", "3"]) == Exit.SUCCESS
    said = capsys.readouterr().out
    assert "6 pages in" in said
    assert "6 requests to a model" in said
    assert "recognizer: glm-ocr at 127.0.0.1" in said


def test_two_servers_are_one_too_many(letter: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", str(letter), "--latency", "0", "--url", "http://localhost:1"]) == Exit.CALLER
    assert "either --url or --latency" in capsys.readouterr().err
