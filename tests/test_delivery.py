import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from octavo import delivery
from octavo.document import Artifact
from octavo.errors import DeliveryFailed

ARTIFACTS = [
    Artifact("a.md", "text/markdown", b"# A\n"),
    Artifact("imgs/b.jpg", "image/jpeg", b"\xff\xd8"),
]


def test_a_folder_gets_every_file_where_its_name_says(tmp_path: Path) -> None:
    written = delivery.to_folder(ARTIFACTS, tmp_path / "new" / "out")
    assert [path.relative_to(tmp_path).as_posix() for path in written] == ["new/out/a.md", "new/out/imgs/b.jpg"]
    assert [path.read_bytes() for path in written] == [b"# A\n", b"\xff\xd8"]


def test_an_older_result_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("old")
    delivery.to_folder(ARTIFACTS, tmp_path)
    assert (tmp_path / "a.md").read_text() == "# A\n"


@pytest.mark.parametrize("name", ["../a", "/etc/a", "a/../../b", "", ".", "c:a", "a\\..\\b", "a\x00b", "a\nb"])
def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    out = tmp_path / "out"
    with pytest.raises(DeliveryFailed):
        delivery.to_folder([Artifact(name, "text/plain", b"x")], out)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_an_interruption_leaves_whole_files_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(self: Path, target: Path) -> Path:
        raise KeyboardInterrupt

    def artifacts() -> Iterator[Artifact]:
        yield ARTIFACTS[0]
        monkeypatch.setattr(Path, "replace", interrupted)
        yield ARTIFACTS[1]

    with pytest.raises(KeyboardInterrupt):
        delivery.to_folder(artifacts(), tmp_path)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["a.md"]


def test_what_is_private_is_its_owner_s_alone(tmp_path: Path) -> None:
    """On a volume that several share, whatever the process's umask lets others do."""
    before = os.umask(0)
    try:
        delivery.to_folder(ARTIFACTS, tmp_path / "new" / "job", private=True)
    finally:
        os.umask(before)
    made = list((tmp_path / "new").rglob("*"))
    assert {path.stat().st_mode & 0o777 for path in made if path.is_file()} == {0o600}
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "new", *made) if path.is_dir()} == {0o700}


def test_what_cannot_be_written_is_said_without_a_path(tmp_path: Path) -> None:
    (tmp_path / "imgs").write_text("a file where a folder should be")
    with pytest.raises(DeliveryFailed) as caught:
        delivery.to_folder(ARTIFACTS, tmp_path)
    assert "b.jpg" in caught.value.message
    assert str(tmp_path) not in caught.value.message


def test_what_a_killed_writer_left_is_taken_away(tmp_path: Path) -> None:
    """Its own, and old; nothing that somebody may be writing, that only looks alike, or that a link leads to."""
    long_ago = time.time() - 2 * 3600
    names = {
        f".{'a' * 32}.part": long_ago,
        f"imgs/.{'b' * 32}.part": long_ago,
        f"imgs/deep/.{'c' * 32}.part": long_ago,  # below what is looked through
        f".{'d' * 32}.part": time.time(),
        f"{'e' * 32}.part": long_ago,
        ".notes.part": long_ago,
        "a.md": long_ago,
    }
    for name, when in names.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"half")
        os.utime(path, (when, when))
    (tmp_path / f".{'f' * 32}.part").symlink_to(tmp_path / "a.md")
    delivery.clean_up(tmp_path, depth=1)
    left = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert left == names.keys() - {f".{'a' * 32}.part", f"imgs/.{'b' * 32}.part"} | {f".{'f' * 32}.part"}


def test_what_another_user_left_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / f".{'a' * 32}.part"
    path.write_bytes(b"half")
    os.utime(path, (0, 0))
    own = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: own + 1)
    delivery.clean_up(tmp_path)
    assert path.exists()


def test_a_writer_that_is_killed_leaves_what_is_taken_away_later(tmp_path: Path) -> None:
    killed = (
        "import os, signal, sys; from pathlib import Path; from octavo import delivery; from octavo.document import *\n"
        "Path.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "delivery.to_folder([Artifact('a.md', 'text/markdown', b'x')], Path(sys.argv[1]))"
    )
    done = subprocess.run([sys.executable, "-c", killed, str(tmp_path)], check=False)
    assert done.returncode == -signal.SIGKILL
    (left,) = tmp_path.iterdir()
    delivery.clean_up(tmp_path)
    assert left.exists()  # its writer may live
    os.utime(left, (0, 0))
    delivery.clean_up(tmp_path)
    assert not left.exists()
