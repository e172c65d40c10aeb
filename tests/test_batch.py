"""`octavo batch`: many documents from anywhere, each read once, by one machine or by several. Null engines."""

import asyncio
import gzip
import io
import json
import os
import signal
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import killed_batch
import pyarrow.parquet
import pytest
from bucket import LoopbackBucket, loopback_bucket
from killed_batch import NULL_ENGINES, check, disturbed, documents, in_folder, results
from pdf_maker import make_pdf, text_page

from octavo.__main__ import main
from octavo.corpus.items import Item
from octavo.corpus.leases import Leases
from octavo.corpus.sources import Corpus
from octavo.corpus.stores import CorpusStore, opened
from octavo.errors import OctavoError
from octavo.frontends import _batch_report
from octavo.frontends._exits import Exit
from octavo.settings import EngineSettings

Batch = Callable[..., tuple[int, list[dict[str, Any]], str]]


@pytest.fixture
def batch(capsys: pytest.CaptureFixture[str]) -> Batch:
    """Run the command: its code, its events and its complaints."""

    def run(*words: str | Path) -> tuple[int, list[dict[str, Any]], str]:
        code = main(["batch", *map(str, words), "--json", *NULL_ENGINES])
        said = capsys.readouterr()
        return code, [json.loads(line) for line in said.out.splitlines()], said.err

    return run


@pytest.fixture(scope="module")
def bucket() -> Iterator[LoopbackBucket]:
    with loopback_bucket() as made:
        yield made


@pytest.fixture
def in_bucket(bucket: LoopbackBucket, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    """An address in the bucket that this test has for itself."""
    for name, value in bucket.aws.items():
        monkeypatch.setenv(name, value)
    return f"{bucket.address}/{request.node.name.replace('[', '-').replace(']', '')}"


@pytest.fixture(params=["folder", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where results may go."""
    return str(tmp_path / "out") if request.param == "folder" else request.getfixturevalue("in_bucket")


def pdf(*words: str) -> bytes:
    return make_pdf(*(text_page(word) for word in words or ("A page",)))


def listed(place: str) -> dict[str, bytes]:
    store = opened(place)
    return {entry.path: store.get(entry.path) for entry in store.entries() if not entry.path.startswith(".octavo")}


def corpus(source: str | Path, target: str = "/nowhere", pattern: str | None = None, **settings: Any) -> Corpus:
    return Corpus(str(source), EngineSettings(**settings), target=target, pattern=pattern, unpacked_bytes=1 << 20)


def everything(of: Corpus) -> dict[str, bytes]:
    items = list(of.items())
    assert len({item.name for item in items}) == len({item.place for item in items}) == len(items)
    return {item.name: asyncio.run(of.read(item)) for item in items}


# --- where files are --------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_of_all_who_create_a_file_one_is_told_so(place: str) -> None:
    store = opened(place)

    async def race() -> list[bool]:
        return await asyncio.gather(*(asyncio.to_thread(store.create, "a/one", bytes([n])) for n in range(12)))

    won = asyncio.run(race())
    assert won.count(True) == 1
    assert store.get("a/one") == bytes([won.index(True)])
    assert not store.create("a/one", b"again")


def test_files_are_put_changed_listed_and_deleted(place: str) -> None:
    store = opened(place)
    name = "a b/%20 (é).txt"
    store.put(name, b"one")
    (entry,) = store.entries()
    assert (entry.path, entry.size, store.version(name)) == (name, 3, entry.version)
    store.put(name, b"three")
    assert store.version(name) != entry.version
    with store.open(name) as file:
        file.seek(2)
        assert file.read(2) == b"re"
    store.delete(name)
    store.delete(name)
    assert (list(store.entries()), store.version(name)) == ([], None)
    with pytest.raises(OctavoError) as missing:
        store.get(name)
    assert missing.value.code == "source_not_found"


@pytest.mark.parametrize("where", ["ftp://host/folder", "s3:///nothing"])
def test_what_is_no_place_for_files_is_refused(where: str) -> None:
    with pytest.raises(OctavoError) as refused:
        opened(where)
    assert refused.value.code == "option_invalid"


# --- documents --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["../../etc/passwd.pdf", ".octavo/plan.json", "a\\b:c?.pdf", "x" * 300 + ".pdf", "a//b/./c.pdf"]
)
def test_a_document_never_leaves_its_place(name: str, tmp_path: Path) -> None:
    place = tmp_path / "out" / Item(name, "x").place
    assert place.resolve().is_relative_to(tmp_path / "out")
    assert not Item(name, "x").place.startswith(".")
    place.mkdir(parents=True)


def test_a_folder_a_pattern_and_what_is_left_out(tmp_path: Path) -> None:
    for name in ("a.pdf", "deep/b.pdf", "deep/c.PNG", ".hidden/d.pdf", "out/a.pdf/a.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).write_bytes(pdf(name))
    target = str(tmp_path / "out")
    assert set(everything(corpus(tmp_path, target))) == {"a.pdf", "deep/b.pdf", "deep/c.PNG"}
    assert set(everything(corpus(tmp_path, target, pattern="**/*.pdf"))) == {"a.pdf", "deep/b.pdf"}
    assert set(everything(corpus(f"{tmp_path}/deep/*.pdf", target))) == {"b.pdf"}
    assert set(everything(corpus(f"{tmp_path}/**/b.pdf", target))) == {"deep/b.pdf"}
    with pytest.raises(OctavoError) as missing:
        everything(corpus(tmp_path / "no"))
    assert missing.value.code == "source_not_found"


def test_a_bucket_is_read(in_bucket: str) -> None:
    store = opened(in_bucket)
    store.put("letters/a.pdf", pdf("a"))
    store.put("letters/deep/b c.pdf", pdf("b"))
    store.put("other.pdf", pdf("c"))
    assert everything(corpus(f"{in_bucket}/letters")) == {"a.pdf": pdf("a"), "deep/b c.pdf": pdf("b")}
    assert set(everything(corpus(f"{in_bucket}/*.pdf"))) == {"other.pdf"}


def test_lists_name_documents(tmp_path: Path, in_bucket: str) -> None:
    opened(in_bucket).put("c.pdf", pdf("c"))
    (tmp_path / "a.pdf").write_bytes(pdf("a"))
    (tmp_path / "list.txt").write_text(f"# a comment\na.pdf\n\n{in_bucket}/c.pdf\na.pdf\n")
    rows = [{"id": "first", "url": "a.pdf"}, {"source": f"{in_bucket}/c.pdf", "id": "deep/second.pdf"}]
    (tmp_path / "list.jsonl").write_text("\n".join(map(json.dumps, rows)))
    columns = {"source": ["a.pdf", f"{in_bucket}/c.pdf"], "id": [7, 8]}
    pyarrow.parquet.write_table(pyarrow.table(columns), tmp_path / "list.parquet")
    in_txt = everything(corpus(tmp_path / "list.txt"))
    assert list(in_txt.values()) == [pdf("a"), pdf("c")]
    assert everything(corpus(tmp_path / "list.jsonl")) == {"first": pdf("a"), "deep/second.pdf": pdf("c")}
    assert everything(corpus(tmp_path / "list.parquet")) == {"7": pdf("a"), "8": pdf("c")}


@pytest.mark.parametrize("text", ["{}", "[1]", "{", '{"source": ""}'])
def test_a_list_that_does_not_say_what_it_means_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "list.jsonl").write_text(text)
    with pytest.raises(OctavoError) as refused:
        everything(corpus(tmp_path / "list.jsonl"))
    assert refused.value.code == "source_invalid"


def test_two_of_one_name_are_told_apart(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(pdf(name))
    rows = [{"id": "same", "source": "a"}, {"id": "same", "source": "b"}]
    (tmp_path / "list.jsonl").write_text("\n".join(map(json.dumps, rows)))
    assert sorted(everything(corpus(tmp_path / "list.jsonl")).values()) == sorted([pdf("a"), pdf("b")])


# --- archives ---------------------------------------------------------------------------------------------------------

INSIDE = {"one.pdf": pdf("one"), "deep/two.PDF": pdf("two"), "notes.txt": b"no document"}
WANTED = {"one.pdf": pdf("one"), "deep/two.PDF": pdf("two")}


def tar(mode: str) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode=mode) as made:
        for name, content in INSIDE.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            made.addfile(info, io.BytesIO(content))
    return data.getvalue()


def zipped() -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in INSIDE.items():
            made.writestr(name, content)
    return data.getvalue()


def warc(*, packed: bool) -> bytes:
    from warcio.statusandheaders import StatusAndHeaders
    from warcio.warcwriter import WARCWriter

    data = io.BytesIO()
    writer = WARCWriter(data, gzip=packed)
    for name, content in INSIDE.items():
        headers = StatusAndHeaders("200 OK", [("Content-Type", "application/octet-stream")], protocol="HTTP/1.1")
        address = f"https://example.org/{name}?a=b"
        writer.write_record(
            writer.create_warc_record(address, "response", payload=io.BytesIO(content), http_headers=headers)
        )
        writer.write_record(
            writer.create_warc_record(address, "request", payload=io.BytesIO(content), http_headers=headers)
        )
    return data.getvalue()


ARCHIVES = {
    "a.tar": tar("w:"),
    "a.tar.gz": tar("w:gz"),
    "a.tgz": tar("w:gz"),
    "a.tar.xz": tar("w:xz"),
    "a.tar.bz2": tar("w:bz2"),
    "a.zip": zipped(),
    "a.warc": warc(packed=False),
    "a.warc.gz": warc(packed=True),
}


@pytest.mark.parametrize("name", ARCHIVES)
@pytest.mark.parametrize("where", ["folder", "bucket"])
def test_documents_inside_archives(name: str, where: str, tmp_path: Path, in_bucket: str) -> None:
    place = str(tmp_path) if where == "folder" else in_bucket
    opened(place).put(f"in/{name}", ARCHIVES[name])
    found = everything(corpus(f"{place}/in"))
    assert sorted(found.values()) == sorted(WANTED.values())
    assert all(member.startswith(f"{name}/") and member.lower().endswith(".pdf") for member in found)


@pytest.mark.parametrize("name", ARCHIVES)
def test_a_broken_archive_is_said_and_costs_the_others_nothing(name: str, batch: Batch, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "whole.pdf").write_bytes(pdf())
    (tmp_path / "in" / name).write_bytes(ARCHIVES[name][:40] + b"\0\xff" * 30)
    code, events, _ = batch(tmp_path / "in", tmp_path / "out")
    summary = events[-1]["corpus"]
    assert (code, summary["success"]) == (Exit.PARTIAL, 1)
    assert summary["archives"] == [{"archive": name, "code": "document_corrupt"}] or summary["failed"]


def test_what_a_member_may_have_is_limited(tmp_path: Path) -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("bomb.pdf", b"%PDF-" + bytes(2_000_000))
    (tmp_path / "a.zip").write_bytes(data.getvalue())
    (tmp_path / "b.tar.gz").write_bytes(gzip.compress(bytes(2_000_000)))
    zip_only = corpus(tmp_path / "a.zip", max_source_bytes=1_000_000)
    (item,) = zip_only.items()
    with pytest.raises(OctavoError) as refused:
        asyncio.run(zip_only.read(item))
    assert refused.value.code == "source_too_large"
    tar_only = corpus(tmp_path / "b.tar.gz")
    assert list(tar_only.items()) == []
    assert [error.code for _, error in tar_only.broken] == ["source_too_large"]


# --- reading and writing ----------------------------------------------------------------------------------------------


def test_each_document_has_a_folder_and_the_corpus_a_summary(batch: Batch, tmp_path: Path, place: str) -> None:
    source = documents(tmp_path / "in", 3)
    (source / "broken.pdf").write_bytes(b"%PDF-1.7\nnothing")
    code, events, err = batch(source, place)
    assert (code, err.count("\n")) == (Exit.PARTIAL, 1)
    files = listed(place)
    assert b"Document 1, page 0, line 3" in files["0001.pdf/0001.md"]
    assert json.loads(files["0002.pdf/0002.report.json"])["timings"] == {}
    summary = json.loads(files["summary.json"])
    assert summary == events[-1]["corpus"]
    assert [summary[key] for key in ("documents", "success", "failed", "pages")] == [4, 3, 1, 6]
    assert summary["lost"] == {"document_corrupt": 1}
    assert [one["document"] for one in summary["trouble"]] == ["broken.pdf"]


@pytest.mark.slow
def test_what_is_done_is_not_read_again_unless_asked_or_changed(batch: Batch, tmp_path: Path, place: str) -> None:
    source = documents(tmp_path / "in", 3)
    (source / "broken.pdf").write_bytes(b"%PDF-1.7\nnothing")

    def read(*more: str) -> set[str]:
        return {event["document"] for event in batch(source, place, *more)[1] if event["event"] == "begun"}

    assert len(read()) == 4
    before = listed(place)
    assert read() == set()
    assert read("--retry", "failed") == {"broken.pdf"}
    assert listed(place) == before
    (source / "broken.pdf").write_bytes(pdf("mended"))
    assert read() == {"broken.pdf"}
    assert json.loads(listed(place)["summary.json"])["trouble"] == []
    assert read("--formats", "text") == {"0000.pdf", "0001.pdf", "0002.pdf", "broken.pdf"}
    assert {name.rpartition(".")[2] for name in listed(place)} == {"txt", "json"}  # and what was written before is gone
    assert [name for name in listed(place) if name.endswith(".json")] == ["summary.json"]


@pytest.mark.slow
def test_rows_are_files_that_others_read(batch: Batch, tmp_path: Path, place: str) -> None:
    source = documents(tmp_path / "in", 5)
    (source / "broken.pdf").write_bytes(b"%PDF-1.7\nnothing")
    batch(source, place, "--as", "parquet,jsonl", "--documents-per-file", "2")
    files = listed(place)
    assert not any(name.endswith(".md") for name in files)
    rows = {
        table: [
            row
            for name in sorted(files)
            if name.startswith(f"{table}-") and name.endswith(".parquet")
            for row in pyarrow.parquet.read_table(io.BytesIO(files[name])).to_pylist()
        ]
        for table in ("documents", "pages", "blocks")
    }
    lines = {
        table: [
            json.loads(line)
            for name in sorted(files)
            if name.startswith(f"{table}-") and name.endswith(".jsonl.gz")
            for line in gzip.decompress(files[name]).splitlines()
        ]
        for table in rows
    }
    assert [row["document"] for row in lines["pages"]] == [row["document"] for row in rows["pages"]]
    assert {row["document"]: row["error"] for row in rows["documents"]}["broken.pdf"] == "document_corrupt"
    assert len(rows["documents"]) == 6
    assert len(rows["pages"]) == sum(row["pages"] for row in rows["documents"]) == 1 + 2 + 3 + 4 + 1
    page = next(row for row in rows["pages"] if (row["document"], row["page"]) == ("0003.pdf", 2))
    assert "Document 3, page 2, line 19" in page["markdown"]
    assert page["width"] > 0
    blocks = [row for row in rows["blocks"] if row["document"] == "0003.pdf"]
    assert {row["page"] for row in blocks} == {0, 1, 2, 3}
    assert all(len(row["bbox"]) == 4 and row["label"] and row["source"] for row in blocks)
    before = files
    (source / "new.pdf").write_bytes(pdf("new"))
    batch(source, place, "--as", "parquet,jsonl", "--documents-per-file", "2")
    after = listed(place)
    changed = {name for name in after if after[name] != before.get(name)} - {"summary.json"}
    assert len(changed) == 6  # three tables, twice: the files that the new one's rows go to
    assert before.keys() == after.keys()


@pytest.mark.slow
def test_shares_and_limits(batch: Batch, tmp_path: Path) -> None:
    source = documents(tmp_path / "in", 6)
    target = tmp_path / "out"
    _, events, _ = batch(source, target, "--limit", "2")
    assert events[-1]["run"]["documents_read"] == 2
    assert events[-1]["corpus"] is None
    read = [batch(source, target, "--shard", f"{number}/3")[1][-1] for number in (1, 2, 3)]
    assert sum(end["run"]["documents_read"] for end in read) == 4
    assert read[-1]["corpus"]["documents"] == 6
    for wrong in ("0/3", "4/3", "a"):
        assert main(["batch", str(source), str(target), "--shard", wrong]) == Exit.CALLER


def test_the_largest_are_begun_first(batch: Batch, tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.mkdir()
    for name, count in (("small", 1), ("large", 40), ("middle", 8)):
        lines = [f"{name} {number}" for number in range(40)]
        (source / f"{name}.pdf").write_bytes(make_pdf(*[text_page(*lines)] * count))
    _, events, _ = batch(source, tmp_path / "out", "--documents-at-once", "1", "--pages", "1")
    begun = [event["document"] for event in events if event["event"] == "begun"]
    assert begun == ["large.pdf", "middle.pdf", "small.pdf"]


def test_a_dry_run_quotes_from_a_sample_and_writes_nothing(batch: Batch, tmp_path: Path) -> None:
    source = documents(tmp_path / "in", 8)
    code, (quote,), _ = batch(source, tmp_path / "out", "--dry-run", "--sample", "3", "--price-per-hour", "3.6")
    assert (code, (tmp_path / "out").exists()) == (Exit.SUCCESS, False)
    assert (quote["documents"], len(quote["sample"])) == (8, 3)
    assert 12 <= quote["pages"] <= 30  # there are 20
    assert quote["estimated_seconds"] > 0
    assert quote["estimated_usd"] == pytest.approx(quote["estimated_seconds"] / 1000, rel=0.3)


def test_a_target_with_other_files_is_refused(batch: Batch, tmp_path: Path) -> None:
    source = documents(tmp_path / "in", 1)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.md").write_text("mine")
    assert main(["batch", str(source), str(tmp_path / "out"), *NULL_ENGINES]) == Exit.CALLER
    assert set(in_folder(tmp_path / "out")) == {"thesis.md"}
    assert batch(source, tmp_path / "out", "--overwrite")[0] == Exit.SUCCESS


def test_ctrl_c_gives_back_what_is_under_way(batch: Batch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = documents(tmp_path / "in", 6)
    begun = _batch_report.BatchReport.begun
    with monkeypatch.context() as patch:

        def interrupted(report: _batch_report.BatchReport, item: Item) -> None:
            begun(report, item)
            patch.setattr(_batch_report.BatchReport, "begun", begun)
            os.kill(os.getpid(), signal.SIGINT)

        patch.setattr(_batch_report.BatchReport, "begun", interrupted)
        assert batch(source, tmp_path / "out")[0] == Exit.INTERRUPTED
    assert not list((tmp_path / "out").rglob("leases/*"))
    code, events, _ = batch(source, tmp_path / "out")
    assert (code, events[-1]["corpus"]["success"]) == (Exit.SUCCESS, 6)


def test_an_engine_that_cannot_run_ends_the_run_and_marks_nothing(tmp_path: Path) -> None:
    source = documents(tmp_path / "in", 3)
    words = ["batch", str(source), str(tmp_path / "out"), "--recognizer", "openai", "--url", "http://127.0.0.1:9"]
    code = main([*words, "--detector", "whole_page", "--text-layer", "off", "--connect-seconds", "0.2"])
    assert code == Exit.OURS
    assert not list((tmp_path / "out").rglob("done/*"))


# --- many machines ----------------------------------------------------------------------------------------------------


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def leases(store: CorpusStore, clock: Clock) -> Leases:
    return Leases(store, 60.0, clock=clock)


KEY = Item("a.pdf", "x").key


def test_a_lease_is_one_machines(place: str) -> None:
    store, clock = opened(place), Clock()
    mine, yours = leases(store, clock), leases(store, clock)
    held = mine.claimed(KEY)
    assert held is not None
    assert yours.claimed(KEY) is None
    mine.release(held)
    assert not list(store.entries())
    yours.look()
    assert yours.claimed(KEY) is not None


def test_a_lease_without_a_sign_of_life_is_taken_over_once(place: str) -> None:
    store, clock = opened(place), Clock()
    dead, one, two = (leases(store, clock) for _ in range(3))
    held = dead.claimed(KEY)
    assert held is not None
    for watching in (one, two):
        watching.look()
    clock.now = 50
    assert dead.beat(held)
    one.look()
    two.look()
    clock.now = 100  # a sign of life 50 s ago
    assert not one.may_be_free(KEY)
    clock.now = 120
    assert one.may_be_free(KEY)
    assert two.may_be_free(KEY)
    taken = one.claimed(KEY)
    assert taken is not None
    assert two.claimed(KEY) is None
    assert not dead.beat(held)  # it wakes up, and is told
    one.release(taken)
    assert not list(store.entries())


@pytest.mark.slow
@pytest.mark.parametrize("where", ["folder", "bucket"])
def test_processes_killed_at_random_leave_what_one_undisturbed_gives(
    where: str, tmp_path: Path, bucket: LoopbackBucket, in_bucket: str, batch: Batch
) -> None:
    source = documents(tmp_path / "in", 12)
    undisturbed = tmp_path / "undisturbed"
    words = killed_batch.command(str(source), str(undisturbed))
    assert main(words[3:]) == Exit.SUCCESS
    target = str(tmp_path / "out") if where == "folder" else in_bucket
    ended = disturbed(
        killed_batch.command(str(source), target),
        tmp_path / "logs",
        workers=4,
        kills=3,
        seed=7,
        environment=bucket.aws if where == "bucket" else {},
    )
    check(ended)
    assert any(one.killed for one in ended)
    assert listed(target) == results(in_folder(undisturbed))
