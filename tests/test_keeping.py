"""`octavo parse` into a folder that has something in it: what is kept, what is left alone, what is never replaced."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Hashable
from pathlib import Path

import pytest
from pdf_maker import make_pdf, text_page
from test_main import NULL_ENGINES
from test_parse import FAX, RECEIPT, files

from octavo.__main__ import main
from octavo.frontends._exits import Exit
from octavo.frontends._progress import Bar

Parse = Callable[..., tuple[int, list[dict[str, object]], str]]


@pytest.fixture
def parse(capsys: pytest.CaptureFixture[str]) -> Parse:
    """Run the command with null engines: its code, its JSON and its complaints."""

    def run(*words: str | Path) -> tuple[int, list[dict[str, object]], str]:
        code = main(["parse", *map(str, words), "--json", *NULL_ENGINES])
        said = capsys.readouterr()
        return code, [json.loads(line) for line in said.out.splitlines()], said.err

    return run


@pytest.fixture
def report(tmp_path: Path) -> Path:
    """Twelve pages."""
    path = tmp_path / "in" / "report.pdf"
    path.parent.mkdir()
    path.write_bytes(make_pdf(*(text_page(f"Page {number}") for number in range(12))))
    return path


def contents(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in files(folder)}


def changed_since(folder: Path, before: dict[str, int]) -> set[str]:
    return {name for name, time in written(folder).items() if before.get(name) != time}


def written(folder: Path) -> dict[str, int]:
    return {name: (folder / name).stat().st_mtime_ns for name in files(folder)}


def interrupting(monkeypatch: pytest.MonkeyPatch, after: int, *, times: int = 1) -> None:
    """Ctrl-C once so many pages are read; one more may be read until it is heard."""
    counted, page = [0], Bar.page

    def counting(bar: Bar, document: Hashable, problems: int) -> None:
        page(bar, document, problems)
        counted[0] += 1
        for _ in range(times if counted[0] == after else 0):
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(Bar, "page", counting)


# --- what is up to date -----------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_what_is_up_to_date_is_left_alone_and_said(
    parse: Parse, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    _, first, _ = parse(RECEIPT, FAX, "-o", out)
    before = written(out)
    code, second, err = parse(RECEIPT, FAX, "-o", out)
    assert (code, err, changed_since(out, before)) == (Exit.SUCCESS, "", set())
    assert [said["up_to_date"] for said in first + second] == [False, False, True, True]
    same = ("input", "status", "pages", "page_count", "files", "problems", "engines")
    assert [[said[key] for key in same] for said in first] == [[said[key] for key in same] for said in second]
    main(["parse", RECEIPT, FAX, "-o", str(out), *NULL_ENGINES])
    assert capsys.readouterr().out.count("up to date") == 2


@pytest.mark.slow
def test_what_is_up_to_date_needs_no_engine(parse: Parse, tmp_path: Path) -> None:
    assert parse(RECEIPT, "-o", tmp_path)[0] == Exit.SUCCESS
    command = f"""
import sys
from octavo import parser
from octavo.__main__ import main
parser.Parser.__init__ = None
sys.exit(main({["parse", RECEIPT, "-o", str(tmp_path), *NULL_ENGINES]!r}))
"""
    assert subprocess.run([sys.executable, "-c", command], check=False, capture_output=True).returncode == 0


@pytest.mark.parametrize(
    "more", [["--fresh"], ["--dpi", "100"], ["--formats", "markdown"], ["--layout-threshold", "0.5"]]
)
def test_what_would_come_out_otherwise_is_read_again(parse: Parse, tmp_path: Path, more: list[str]) -> None:
    parse(RECEIPT, "-o", tmp_path)
    code, (said,), _ = parse(RECEIPT, "-o", tmp_path, *more)
    assert (code, said["up_to_date"]) == (Exit.SUCCESS, False)


@pytest.mark.slow
def test_a_changed_document_replaces_its_own_result(parse: Parse, report: Path, tmp_path: Path) -> None:
    parse(report, "-o", tmp_path / "out")
    report.write_bytes(make_pdf(text_page("One page now")))
    code, (said,), _ = parse(report, "-o", tmp_path / "out")
    assert (code, said["pages"], said["up_to_date"]) == (Exit.SUCCESS, [1], False)


def test_a_result_that_somebody_deleted_is_made_again(parse: Parse, tmp_path: Path) -> None:
    parse(RECEIPT, "-o", tmp_path)
    (tmp_path / "receipt.md").unlink()
    assert parse(RECEIPT, "-o", tmp_path)[0] == Exit.SUCCESS
    assert (tmp_path / "receipt.md").is_file()


def test_the_folder_of_results_is_for_whom_the_umask_lets_in_and_the_record_for_nobody_else(
    parse: Parse, tmp_path: Path
) -> None:
    before = os.umask(0o022)
    try:
        parse(RECEIPT, "-o", tmp_path / "out")
    finally:
        os.umask(before)
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "out" / ".octavo").stat().st_mode & 0o777 == 0o700


# --- what is not ours -------------------------------------------------------------------------------------------------


def test_a_file_that_is_not_ours_is_never_replaced(parse: Parse, tmp_path: Path) -> None:
    (tmp_path / "receipt.md").write_text("my own notes")
    code, (said,), err = parse(RECEIPT, "-o", tmp_path)
    assert (code, said["error"]["code"]) == (Exit.CALLER, "output_taken")  # type: ignore[index]
    assert "'receipt.md'" in err
    assert contents(tmp_path) == {"receipt.md": b"my own notes"}
    assert parse(RECEIPT, "-o", tmp_path, "--overwrite")[0] == Exit.SUCCESS
    assert "my own notes" not in (tmp_path / "receipt.md").read_text()


def test_what_somebody_changed_is_not_replaced(parse: Parse, tmp_path: Path) -> None:
    parse(RECEIPT, "-o", tmp_path)
    with (tmp_path / "receipt.md").open("a") as file:
        file.write("my remark")
    code, (said,), _ = parse(RECEIPT, "-o", tmp_path, "--fresh")
    assert code == Exit.CALLER
    assert "was changed since" in said["error"]["message"]  # type: ignore[index]
    assert (tmp_path / "receipt.md").read_text().endswith("my remark")


@pytest.mark.slow
def test_another_document_of_the_same_name_is_refused(parse: Parse, report: Path, tmp_path: Path) -> None:
    other = tmp_path / "other" / "report.pdf"
    other.parent.mkdir()
    other.write_bytes(make_pdf(text_page("Another report")))
    out = tmp_path / "out"
    parse(report, "-o", out)
    before = contents(out)
    code, (said,), _ = parse(other, "-o", out)
    assert (code, said["error"]["code"]) == (Exit.CALLER, "output_taken")  # type: ignore[index]
    assert contents(out) == before
    assert parse(other, "-o", out, "--overwrite")[0] == Exit.SUCCESS
    assert parse(report, "-o", out)[0] == Exit.CALLER


def test_documents_that_share_a_folder_have_pictures_of_their_own(parse: Parse, tmp_path: Path) -> None:
    copy = tmp_path / "in" / "a picture (1).tiff"
    copy.parent.mkdir()
    shutil.copy(FAX, copy)
    for path in (RECEIPT, copy):
        assert parse(path, "--map", "text=skip", "--no-layout", "-o", tmp_path / "out")[0] == Exit.SUCCESS
    pictures = {name for name in files(tmp_path / "out") if name.startswith("imgs/")}
    assert len(pictures) == 4
    linked = set()
    for document in (tmp_path / "out").glob("*.md"):
        linked |= set(re.findall(r"!\[[^\]]*\]\(([^)\s]+)\)", document.read_text()))
    assert {name.replace("%20", " ").replace("%28", "(").replace("%29", ")") for name in linked} == pictures


def test_the_official_names_are_there_for_the_asking_and_then_not_shared(parse: Parse, tmp_path: Path) -> None:
    words = ("--map", "text=skip", "--no-layout", "--picture-names", "official", "-o", tmp_path)
    assert parse(RECEIPT, *words)[0] == Exit.SUCCESS
    before = contents(tmp_path)
    assert "imgs/cropped_page0_idx0.jpg" in before
    code, (said,), _ = parse(FAX, *words)
    assert (code, said["error"]["code"]) == (Exit.CALLER, "output_taken")  # type: ignore[index]
    assert contents(tmp_path) == before


# --- what is kept -----------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_ctrl_c_ends_with_what_is_finished_and_the_next_run_goes_on(
    parse: Parse, report: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    with monkeypatch.context() as patch:
        interrupting(patch, 5)
        code, _, err = parse(report, "-o", out)
    assert (code, err.splitlines()[0]) == (
        Exit.INTERRUPTED,
        "octavo: ending with what is finished; Ctrl-C again ends at once",
    )
    text = (out / "report.md").read_text()
    lost = [problem["page"] for problem in json.loads((out / "report.report.json").read_text())["problems"]]
    assert 1 <= len(lost) <= 7
    assert lost == list(range(13 - len(lost), 13))
    assert text.count("[interrupted]") == len(lost)

    code, said, err = parse(report, "-o", out)
    assert (code, err) == (Exit.SUCCESS, "")
    assert (said[-1]["status"], said[-1]["pages_kept"]) == ("success", 12 - len(lost))
    assert "interrupted" not in (out / "report.md").read_text()
    assert not list((out / ".octavo").rglob("pages/*/*"))
    assert parse(report, "-o", out)[1][0]["up_to_date"]


@pytest.mark.slow
def test_ctrl_c_twice_ends_at_once_and_leaves_whole_files(
    parse: Parse, report: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    parse(report, "-o", out)
    before = contents(out)
    with monkeypatch.context() as patch:
        interrupting(patch, 3, times=2)
        assert main(["parse", str(report), "-o", str(out), "--fresh", *NULL_ENGINES]) == Exit.INTERRUPTED
    assert contents(out).keys() == before.keys()
    assert parse(report, "-o", out)[0] == Exit.SUCCESS
    assert contents(out)["report.md"] == before["report.md"]


def killed(out: Path, report: Path, patches: str) -> None:
    """A run that ends, without another word, where `patches` say."""
    command = f"""
import os
from octavo.__main__ import main
from octavo.corpus.records import Writing
from octavo.frontends import _keeping
from octavo.frontends._progress import Bar
_keeping._WORTH_KEEPING_SECONDS = 0.0
{patches}
main({["parse", str(report), "-o", str(out), *NULL_ENGINES]!r})
"""
    ended = subprocess.run([sys.executable, "-c", command], check=False, capture_output=True, text=True)
    assert ended.returncode == 9, ended.stderr


@pytest.mark.slow
def test_a_run_that_was_killed_goes_on_where_it_stopped(parse: Parse, report: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    killed(
        out,
        report,
        "Bar.page = lambda bar, key, problems: os._exit(9) if len(list(kept())) >= 6 else None\n"
        f"from pathlib import Path\nkept = lambda: Path({str(out)!r}).rglob('pages/*/*.json')",
    )
    assert not files(out)
    code, (said,), _ = parse(report, "-o", out)
    assert (code, said["status"], said["pages_kept"]) == (Exit.SUCCESS, "success", 6)
    assert parse(report, "-o", tmp_path / "undisturbed")[1][0]["pages_kept"] == 0
    assert (out / "report.md").read_bytes() == (tmp_path / "undisturbed" / "report.md").read_bytes()


@pytest.mark.slow
def test_files_of_a_run_that_was_killed_over_them_are_ours(parse: Parse, report: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    killed(out, report, "Bar.wrote = lambda bar, key: os._exit(9)")
    assert files(out) == {"report.md"}
    report.write_bytes(make_pdf(text_page("Another text now")))
    assert parse(report, "-o", out)[0] == Exit.SUCCESS


@pytest.mark.slow
def test_fresh_forgets_what_is_kept(
    parse: Parse, report: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        interrupting(patch, 5)
        parse(report, "-o", tmp_path / "out")
    assert parse(report, "-o", tmp_path / "out", "--fresh")[1][-1]["pages_kept"] == 0


def test_a_damaged_record_is_none(parse: Parse, tmp_path: Path) -> None:
    parse(RECEIPT, "-o", tmp_path)
    (record,) = (tmp_path / ".octavo").rglob("*.jsonl")
    record.write_bytes(b"\xff" + record.read_bytes())
    code, (said,), _ = parse(RECEIPT, "-o", tmp_path)
    assert (code, said["error"]["code"]) == (Exit.CALLER, "output_taken")  # type: ignore[index]


# --- the bar ----------------------------------------------------------------------------------------------------------


def test_the_bar_counts_files_as_work_and_tells_an_end() -> None:
    bar = Bar({"a": 100, "b": 300}, quiet=True)
    bar.opened("a", 10)
    assert bar.left() == ""
    for _ in range(10):
        bar.page("a", 0)
    read = bar.share
    assert 0.15 < read < 0.25
    bar.read("a", 4)
    for number in range(4):
        assert bar.share == pytest.approx(read + (0.25 - read) * number / 4)
        bar.wrote("a")
    bar.document("a")
    assert bar.share == pytest.approx(0.25)
    assert "10/10 pages read" in bar.said()
    assert "4/4 files written" in bar.said()
    assert bar.left().endswith(" left")
    bar.document("b")  # one that failed before it was opened
    assert bar.share == 1.0
