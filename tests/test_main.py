"""The command itself: quick to start, every way to fail has a line and a code."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pdf_maker import make_pdf, text_page

from octavo import dropins, errors, frontends
from octavo.__main__ import help_line, main
from octavo.errors import OctavoError
from octavo.frontends._exits import FAULT_EXITS, Exit
from octavo.settings import EngineSettings, ParseOptions, flag_name

SAMPLES = Path(__file__).parents[1] / "samples"
NULL_ENGINES = ("--detector", "whole_page", "--recognizer", "scripted", "--orientation", "off")


def octavo(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "octavo", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def loaded_by(statement: str) -> set[str]:
    """Modules in memory after a statement, in a fresh interpreter."""
    code = f"import sys\ntry:\n  {statement}\nexcept SystemExit: pass\nsys.stderr.write(' '.join(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(run.stderr.split())


HEAVY = {"numpy", "pydantic", "cv2", "onnxruntime", "PIL", "pypdfium2", "aiohttp", "rich", "torch", "transformers"}


@pytest.mark.parametrize("statement", ["import octavo", "from octavo.__main__ import main; main(['--help'])"])
def test_nothing_heavy_is_loaded_before_it_is_needed(statement: str) -> None:
    assert loaded_by(statement) & HEAVY == set()


@pytest.mark.parametrize(
    ("data", "text", "more"),
    [
        (make_pdf(text_page("Nothing but a line of text.")), "Nothing but a line of text.", set()),
        ((SAMPLES / "bank-statement.pdf").read_bytes(), "Statement", {"cv2"}),  # for its shades and its logo
    ],
    ids=["text", "drawings"],
)
def test_a_page_is_read_without_what_only_others_need(data: bytes, text: str, more: set[str], tmp_path: Path) -> None:
    page, out = tmp_path / "page.pdf", tmp_path / "out"
    page.write_bytes(data)
    words = ["parse", str(page), "-q", "--formats", "markdown", "-o", str(out)]
    loaded = loaded_by(f"from octavo.__main__ import main; main({words!r})")
    assert loaded & (HEAVY | {"yaml", "numpy.ma"}) == {"numpy", "pydantic"} | more
    assert text in (out / "page.md").read_text()


def test_the_help_names_every_front_end() -> None:
    said = octavo("--help")
    assert said.returncode == Exit.SUCCESS
    for name in dropins.names(frontends):
        assert f"{name} " in said.stdout
        assert " ".join(help_line(name).split()) in " ".join(said.stdout.split())


@pytest.mark.slow
@pytest.mark.parametrize("name", dropins.names(frontends))
def test_every_front_end_explains_itself(name: str) -> None:
    assert help_line(name).endswith(".")
    said = octavo(name, "--help")
    assert said.returncode == Exit.SUCCESS, said.stderr
    assert said.stdout.startswith("usage: octavo")


@pytest.mark.slow
def test_rare_flags_are_shown_on_request() -> None:
    brief, full = octavo("parse", "--help").stdout, octavo("parse", "--help-all").stdout
    assert "--dpi" in brief
    assert "--vllm-port" not in brief
    assert "--vllm-port" in full
    for model in (ParseOptions, EngineSettings):
        assert {f"--{flag_name(model, field)}" for field in model.model_fields} - set(
            full.replace(",", " ").split()
        ) == set()


def test_without_a_command_the_help_comes() -> None:
    said = octavo()
    assert said.returncode == Exit.CALLER
    assert "usage: octavo" in said.stdout


@pytest.mark.parametrize(
    "words", [("prase",), ("parse",), ("parse", "a.pdf", "--dpi"), ("parse", "a.pdf", "--no-such")]
)
@pytest.mark.slow
def test_a_wrong_call_is_the_callers_fault(words: tuple[str, ...]) -> None:
    assert octavo(*words).returncode == Exit.CALLER


def test_a_wrong_value_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["parse", "a.pdf", "--dpi", "1"]) == Exit.CALLER
    assert capsys.readouterr().err == "octavo: dpi: input should be greater than or equal to 36 [option_invalid]\n"


def test_all_that_waits_for_the_end_is_done_before_a_command_ends(tmp_path: Path) -> None:
    """Though it does not take itself apart: its code is told, what it said is written, and no process stays."""
    page = tmp_path / "page.pdf"
    page.write_bytes(make_pdf(text_page("A line.")))
    words = ["octavo", "parse", str(page), "-q", "-o", "-"]
    program = (
        "import sys\n"
        f"sys.argv = {words!r}\n"
        "from octavo.__main__ import command\n"
        "import octavo.drawing.pool as pool\n"
        "end = pool.Pool.close\n"
        "pool.Pool.close = lambda self: (print(*self.processes(), file=sys.stderr), end(self))\n"
        "sys.exit(command())"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=120)
    assert (run.returncode, run.stdout) == (Exit.SUCCESS, "A line.\n")
    children = run.stderr.split()
    assert children
    assert not any(Path(f"/proc/{child}").exists() for child in children)


def test_ctrl_c_while_it_is_loading_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(words: list[str]) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("octavo.__main__._parser", interrupted)
    assert main(["doctor"]) == Exit.INTERRUPTED
    assert capsys.readouterr().err == "octavo: interrupted\n"


def test_every_fault_has_a_code() -> None:
    faults = {
        error.fault for error in vars(errors).values() if isinstance(error, type) and issubclass(error, OctavoError)
    }
    assert faults == set(FAULT_EXITS)
    assert len(set(FAULT_EXITS.values())) == len(FAULT_EXITS)


@pytest.mark.slow
def test_a_reader_that_goes_away_is_met_in_silence() -> None:
    command = [sys.executable, "-m", "octavo", "parse", str(SAMPLES / "receipt.jpg"), *NULL_ENGINES, "-o", "-"]
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as gone:
        run = subprocess.run(command, stdout=gone, stderr=subprocess.PIPE, timeout=120, check=False)
    assert run.returncode == Exit.BROKEN_PIPE
    assert run.stderr == b""
