"""`octavo parse` as a user meets it; with null engines, so that only the command is on trial."""

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from pdf_maker import make_pdf, text_page
from test_main import NULL_ENGINES, SAMPLES

from octavo.__main__ import main
from octavo.frontends._exits import Exit
from octavo.frontends._inputs import gather, longest_first

RECEIPT = str(SAMPLES / "receipt.jpg")
FAX = str(SAMPLES / "fax.tiff")


@pytest.fixture
def parse(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run the command with null engines; its code and what it said."""

    def run(*words: str | Path) -> tuple[int, str, str]:
        code = main(["parse", *map(str, words), *NULL_ENGINES])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def files(folder: Path) -> set[str]:
    """The files of results, by their place in the folder."""
    found = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
    return {path.as_posix() for path in found if not path.parts[0].startswith(".")}


def test_one_document_lies_in_the_output_folder_itself(
    parse: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    code, out, err = parse(RECEIPT, "-o", tmp_path)
    assert (code, err) == (Exit.SUCCESS, "")
    assert {"receipt.md", "receipt.json"} < files(tmp_path)
    assert any(name.startswith("layout_vis/") for name in files(tmp_path))
    assert f"{tmp_path}/receipt.md" in out


def test_several_documents_lie_apart(parse: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    code, out, _ = parse(RECEIPT, FAX, "-o", tmp_path)
    assert code == Exit.SUCCESS
    assert {"receipt/receipt.md", "fax/fax.md"} < files(tmp_path)
    assert "3 pages" in out


def test_the_same_name_twice_overwrites_nothing(parse: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        shutil.copy(RECEIPT, tmp_path / folder / "page.jpg")
    shutil.copy(FAX, tmp_path / "a" / "page.tiff")
    out = tmp_path / "out"
    assert (
        parse(tmp_path / "a" / "page.jpg", tmp_path / "a" / "page.tiff", tmp_path / "b" / "page.jpg", "-o", out)[0] == 0
    )
    assert {"page.jpg/page.md", "page.tiff/page.md", "page.jpg-2/page.md"} < files(out)


def test_a_folder_is_read_with_all_below_but_not_its_own_output(
    parse: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    shutil.copy(RECEIPT, tmp_path / "deep" / "er" / "receipt.jpg")
    shutil.copy(FAX, tmp_path / "fax.tiff")
    (tmp_path / ".hidden").write_bytes(b"not a document")
    for _ in range(2):  # the second time, the output of the first lies there
        assert parse(tmp_path, "-o", tmp_path / "out")[0] == Exit.SUCCESS
    assert {name for name in files(tmp_path / "out") if name.endswith(".md")} == {
        "deep/er/receipt/receipt.md",
        "fax/fax.md",
    }


def test_pictures_can_be_the_pages_of_one_document(parse: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    code, out, _ = parse(RECEIPT, FAX, "--one-document", "-o", tmp_path)
    assert code == Exit.SUCCESS
    assert "receipt.md" in files(tmp_path)
    assert "4 pages" in out


def test_one_that_fails_does_not_stop_the_others(parse: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.7\nnothing")
    (tmp_path / "notes.txt").write_text("just text")
    shutil.copy(RECEIPT, tmp_path / "receipt.jpg")
    code, _, err = parse(tmp_path, "-o", tmp_path / "out")
    assert code == Exit.PARTIAL
    lines = err.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith(f"octavo: {tmp_path}/broken.pdf: ")
    assert lines[0].endswith("[document_corrupt]")
    assert lines[1].endswith("[type_unsupported]")
    assert "receipt/receipt.md" in files(tmp_path / "out")


@pytest.mark.parametrize(
    ("make", "code"),
    [(None, "source_not_found"), (b"", "source_empty"), (b"just text", "type_unsupported")],
)
def test_every_kind_of_failure_is_one_line(
    make: bytes | None, code: str, parse: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    path = tmp_path / "x.pdf"
    if make is not None:
        path.write_bytes(make)
    exit_code, out, err = parse(path, "-o", tmp_path / "out")
    assert exit_code == Exit.CALLER
    assert out == ""
    assert err.count("\n") == 1
    assert err.endswith(f"[{code}]\n")
    assert not (tmp_path / "out").exists()


def test_an_empty_folder_says_so(parse: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    assert parse(tmp_path)[::2] == (Exit.CALLER, f"octavo: {tmp_path}: the folder has no files in it [source_empty]\n")


def test_machines_get_one_line_of_json_per_document(parse: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    code, out, err = parse(RECEIPT, tmp_path / "gone.pdf", "--json", "-o", tmp_path)
    assert code == Exit.PARTIAL
    good, bad = map(json.loads, out.splitlines())
    assert (good["status"], good["pages"], good["page_count"], good["error"]) == ("success", [1], 1, None)
    assert all(Path(name).is_file() for name in good["files"])
    assert (bad["status"], bad["files"], bad["error"]["code"]) == ("error", [], "source_not_found")
    assert err.count("\n") == 1


def test_markdown_can_be_printed(parse: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    code, out, _ = parse(RECEIPT, "-o", "-", "--no-layout")
    assert code == Exit.SUCCESS
    assert "[text]" in out  # what the scripted engine reads
    assert files(tmp_path) == set()


@pytest.mark.slow
def test_standard_input_is_a_document(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "octavo", "parse", "-", "-o", str(tmp_path), *NULL_ENGINES]
    subprocess.run(command, input=Path(RECEIPT).read_bytes(), check=True, capture_output=True)
    assert "stdin.md" in files(tmp_path)


def test_pages_and_mapping_reach_the_document(parse: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    _, out, _ = parse(FAX, "--pages", "1,-1", "--map", "text=table", "--json", "--no-layout", "-o", tmp_path)
    document = json.loads(out)
    assert (document["pages"], document["page_count"]) == ([1, 3], 3)
    assert "<table>" in (tmp_path / "fax.md").read_text()


def test_quiet_says_nothing_but_errors(parse: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    assert parse(RECEIPT, "--quiet", "-o", tmp_path)[1:] == ("", "")


def _heeding_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, Exit.INTERRUPTED), (signal.SIGTERM, Exit.TERMINATED)])
def test_an_interruption_leaves_whole_files_only(number: signal.Signals, code: Exit, tmp_path: Path) -> None:
    words: Sequence[str] = [sys.executable, "-m", "octavo", "parse", *[FAX] * 60, "-o", str(tmp_path), *NULL_ENGINES]
    pipe = subprocess.PIPE
    # A test run in the background ignores SIGINT, and so would what it starts.
    with subprocess.Popen(words, stdout=pipe, stderr=pipe, text=True, preexec_fn=_heeding_interrupts) as running:
        deadline = time.monotonic() + 60
        while not list(tmp_path.rglob("*.json")) and time.monotonic() < deadline:
            time.sleep(0.02)
        running.send_signal(number)
        _, err = running.communicate(timeout=60)
    assert running.returncode == code
    assert "Traceback" not in err
    written = [tmp_path / name for name in files(tmp_path)]
    assert {path.suffix for path in written} <= {".json", ".md", ".jpg"}
    for path in written:
        if path.suffix == ".json":
            json.loads(path.read_text())


def test_places_follow_folders_and_natural_order(tmp_path: Path) -> None:
    for name in ("page10.png", "page2.png", "sub/page1.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    found = gather([str(tmp_path)], output=None, stdin=b"", one_document=False)
    assert [entry.place.as_posix() for entry in found] == ["page2", "page10", "sub/page1"]


def test_the_longest_document_is_started_first_and_reported_in_its_place(
    parse: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    for name, lines in (("short", 1), ("long", 200), ("middle", 20)):
        pages = [text_page(*[f"Line {number}" for number in range(40)])] * lines
        (tmp_path / f"{name}.pdf").write_bytes(make_pdf(*pages))
    named = [tmp_path / f"{name}.pdf" for name in ("short", "long", "gone", "middle")]
    code, out, _ = parse(*named, "--documents-at-once", "1", "--pages", "1", "--json", "-o", tmp_path / "out")
    assert code == Exit.PARTIAL
    assert [json.loads(line)["input"] for line in out.splitlines()] == list(map(str, named))
    written = {path.stem: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*.md")}
    assert sorted(written, key=lambda name: written[name]) == ["long", "middle", "short"]


def test_an_address_may_be_the_longest_of_all(tmp_path: Path) -> None:
    (tmp_path / "page.png").write_bytes(b"x" * 1000)
    words = [str(tmp_path / "gone.pdf"), "-", str(tmp_path / "page.png"), "https://example.org/report.pdf"]
    found = longest_first(gather(words, output=None, stdin=b"x" * 10, one_document=False))
    assert [entry.stem for entry in found] == ["report", "page", "stdin", "gone"]


def test_an_address_is_shown_without_its_secrets() -> None:
    address = "https://user:pw@example.org/files/report%20one.pdf?token=secret"
    (entry,) = gather([address], output=None, stdin=b"", one_document=False)
    assert entry.shown == "https://example.org/files/report%20one.pdf"
    assert entry.stem == "report one"
    assert entry.parts == (address,)
