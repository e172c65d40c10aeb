"""`octavo compare`: what a person is told about two results."""

import json
from pathlib import Path
from typing import Any

import pytest

from octavo.__main__ import main
from octavo.frontends._comparison import Difference, compared, entries_of


def region(content: str | None, *box: int, label: str = "text", **more: Any) -> dict[str, Any]:
    return {"index": 0, "label": label, "bbox_2d": list(box), "content": content, "native_label": label, **more}


FIRST = region("It costs $5 and $10.", 100, 100, 900, 150)
SECOND = region("A second paragraph.", 100, 200, 900, 250)
FIGURE = region(None, 100, 300, 900, 600, label="image")


def differences(a: list[dict[str, Any]], b: list[dict[str, Any]], **options: Any) -> list[set[Difference]]:
    [page] = compared("page", entries_of([a]), entries_of([b]), **options).pages
    return [set(match.differences) for match in page.matches]


def test_a_result_is_the_same_as_itself() -> None:
    assert differences([FIRST, SECOND, FIGURE], [FIRST, SECOND, FIGURE]) == [set(), set(), set()]


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        (region("It costs $5 and$ 10.", 100, 100, 900, 150), {Difference.TEXT}),
        (region(FIRST["content"], 100, 100, 900, 152), set()),
        (region(FIRST["content"], 100, 100, 900, 160), {Difference.BOX}),
        (region(FIRST["content"], 100, 100, 900, 150, label="abstract"), {Difference.LABEL}),
        (region(FIRST["content"], 100, 100, 900, 150, problems=[{"code": "cut"}]), {Difference.PROBLEMS}),
        (region(FIRST["content"], 100, 700, 900, 750), {Difference.BOX}),
    ],
)
def test_what_changed_in_a_block_is_named(changed: dict[str, Any], found: set[Difference]) -> None:
    assert differences([FIRST, SECOND], [changed, SECOND]) == [found, set()]


def test_what_is_missing_or_new_stands_where_it_belongs() -> None:
    new = region("new", 100, 160, 900, 190)
    assert differences([FIRST, SECOND], [FIRST, new, SECOND]) == [set(), {Difference.ONLY_B}, set()]
    assert differences([FIRST, new, SECOND], [FIRST, SECOND]) == [set(), {Difference.ONLY_A}, set()]
    assert differences([FIRST], []) == [{Difference.ONLY_A}]


def test_only_what_moved_is_out_of_order() -> None:
    third = region("third", 100, 620, 900, 660)
    found = differences([FIRST, SECOND, FIGURE, third], [SECOND, FIGURE, third, FIRST])
    assert found == [{Difference.ORDER}, set(), set(), set()]


def test_a_block_in_pieces_is_compared_with_all_of_them() -> None:
    halves = [region("It costs", 100, 100, 900, 125), region("$5 and $10.", 100, 126, 900, 150)]
    assert differences([FIRST, SECOND], [*halves, SECOND]) == [{Difference.PIECES, Difference.TEXT}, set()]
    assert differences([*halves, SECOND], [FIRST, SECOND]) == [{Difference.PIECES, Difference.TEXT}, set()]


def test_what_does_not_count_is_ignored() -> None:
    moved = region("other", 100, 100, 900, 160)
    ignored = frozenset({Difference.BOX, Difference.TEXT})
    assert differences([FIRST], [moved], ignored=ignored) == [set()]
    assert differences([FIRST], [region(FIRST["content"], 100, 100, 900, 160)], tolerance=10) == [set()]


def test_results_of_the_cloud_service_have_fewer_keys() -> None:
    bare = {"index": 0, "label": "text", "content": "", "bbox_2d": [100, 100, 900, 150]}
    full = region(None, 100, 100, 900, 150)
    assert differences([bare], [full]) == [set()]


# --- the command -------------------------------------------------------------------------------------------------


def written(folder: Path, name: str, *pages: list[dict[str, Any]]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.json"
    file.write_text(json.dumps(list(pages)), encoding="utf-8")
    return file


def test_the_exit_code_and_the_lines_tell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a = written(tmp_path / "a", "bill", [FIRST, SECOND])
    b = written(tmp_path / "b", "bill", [region("It costs $5 and$ 10.", 100, 100, 900, 150), SECOND])
    assert main(["compare", str(a), str(a)]) == 0
    assert capsys.readouterr().out == "bill: the same\n"
    assert main(["compare", str(a), str(b)]) == 1
    out = capsys.readouterr().out
    assert "page 1: 1 differ, 1 the same" in out
    assert "and{+$+} [-$-]10." in out
    assert main(["compare", str(a), str(b), "--ignore", "text", "-q"]) == 0
    assert capsys.readouterr().out == ""


def test_folders_of_octavo_and_of_the_sdk_are_paired_by_document(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Octavo keeps a report beside a result, the SDK its raw model output, each document in a folder of its own."""
    for name in ("one", "two"):
        written(tmp_path / "sdk" / name, name, [FIRST])
        written(tmp_path / "sdk" / name, f"{name}_model", [SECOND])
    written(tmp_path / "octavo", "one", [FIRST])
    (tmp_path / "octavo" / "one.report.json").write_text("{}")
    assert main(["compare", str(tmp_path / "octavo"), str(tmp_path / "sdk")]) == 1
    out = capsys.readouterr().out
    assert "one: the same" in out
    assert "only in B" in out


def test_a_workers_reply_is_a_result(tmp_path: Path) -> None:
    a = written(tmp_path, "plain", [FIRST])
    reply = tmp_path / "reply.json"
    reply.write_text(json.dumps({"status": "success", "result": {"json_result": [[FIRST]], "markdown_result": ""}}))
    assert main(["compare", str(a), str(reply), "-q"]) == 0


def test_the_page_shows_both_sides_and_lets_nothing_through(tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>"
    a = written(tmp_path, "a", [FIRST, region(evil, 100, 700, 900, 750)])
    b = written(tmp_path, "b", [region("It costs $5 and$ 10.", 100, 100, 900, 150)])
    page = tmp_path / "page.html"
    assert main(["compare", str(a), str(b), "--html", str(page), "-q"]) == 1
    html = page.read_text(encoding="utf-8")
    assert "<script" not in html
    assert "<del>$</del>" in html
    assert "<ins>$</ins>" in html
    assert "not there" in html


@pytest.mark.parametrize(
    ("content", "code"), [("{}", "source_invalid"), ("not json", "source_invalid"), ('[["text"]]', "source_invalid")]
)
def test_what_is_no_result_is_said_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str, code: str
) -> None:
    good = written(tmp_path, "good", [FIRST])
    bad = tmp_path / "bad.json"
    bad.write_text(content)
    assert main(["compare", str(good), str(bad)]) == 2
    assert capsys.readouterr().err.rstrip().endswith(f"[{code}]")
    assert main(["compare", str(good), str(tmp_path / "absent.json")]) == 2


def test_how_the_html_of_a_table_is_spaced_is_no_difference(tmp_path: Path) -> None:
    flat = "<table><tr><td>1</td><td>a b</td></tr></table>"
    a = written(tmp_path, "a", [region(flat, 100, 100, 900, 150)])
    b = written(tmp_path, "b", [region("<table>\n<tr><td>1</td> <td> a b</td></tr>\n</table>", 100, 100, 900, 150)])
    c = written(tmp_path, "c", [region(flat.replace("a b", "ab"), 100, 100, 900, 150)])
    assert main(["compare", str(a), str(b), "-q"]) == 0
    assert main(["compare", str(a), str(c), "-q"]) == 1
