"""A child that a file took over finds nothing to take: no files, no network, no other processes."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pypdfium2
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pdf_maker import HELVETICA, PdfPage, make_pdf
from pydantic_core import to_json

from octavo.drawing import pool, sandbox, wire
from octavo.pages import open_pages
from octavo.settings import EngineSettings, ParseOptions

# What somebody would try who runs code in a child; prints {attempt: what came of it}.
ATTEMPTS = """
import json, os, socket, sys, threading
from octavo.drawing import sandbox
sandbox.lock()
def attempt(act):
    try:
        return f"done: {act()!r:.40}"
    except OSError as error:
        return type(error).__name__
said = {
    "read a secret": attempt(lambda: open(sys.argv[1]).read()),
    "list a folder": attempt(lambda: os.listdir(os.path.dirname(sys.argv[1]))),
    "read another's environment": attempt(lambda: open(f"/proc/{os.getppid()}/environ").read()),
    "write a file": attempt(lambda: open(sys.argv[1] + ".new", "w")),
    "delete a file": attempt(lambda: os.unlink(sys.argv[1])),
    "TCP": attempt(lambda: socket.socket()),
    "UDP": attempt(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM)),
    "a Unix socket": attempt(lambda: socket.socket(socket.AF_UNIX)),
    "run a program": attempt(lambda: os.execv("/bin/sh", ["sh", "-c", "true"])),
    "fork": attempt(os.fork),
    "kill the parent": attempt(lambda: os.kill(os.getppid(), 0)),
}
thread = threading.Thread(target=lambda: said.update(thread="ran"))
thread.start()
thread.join()
import pypdfium2.raw, PIL.Image, numpy, cv2
print(json.dumps(said))
"""

in_force = subprocess.run(
    [sys.executable, "-m", "octavo.drawing.sandbox"], capture_output=True, text=True, check=True
).stdout.split()
pytestmark = pytest.mark.skipif(in_force != ["landlock", "seccomp"], reason=f"this kernel has only {in_force}")


def test_nothing_can_be_taken_and_the_work_can_be_done(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("sesame")
    told = subprocess.run(
        [sys.executable, "-c", ATTEMPTS, str(secret)], capture_output=True, text=True, check=True, timeout=60
    )
    said = json.loads(told.stdout)
    assert said.pop("thread") == "ran"
    assert set(said.values()) == {"PermissionError"}, said
    assert secret.read_text() == "sesame"


@pytest.mark.slow
def test_drawing_children_are_locked_in_before_they_see_a_document() -> None:
    pool.shut_down()
    with open_pages(
        [make_pdf(PdfPage(b"BT /F1 9 Tf (x) Tj ET", fonts={"F1": HELVETICA}))], ParseOptions(), EngineSettings()
    ):
        (child,) = pool.shared().processes()
        status = dict(line.split(":", 1) for line in Path(f"/proc/{child}/status").read_text().splitlines())
    assert status["Seccomp"].strip() == "2"
    assert status["NoNewPrivs"].strip() == "1"


@given(st.binary(max_size=200) | st.recursive(st.none() | st.integers() | st.text(max_size=9), st.lists).map(to_json))
@example(b"[" * 200_000)
@example(b'["Open", {}]')
@example(b'["Drawn", {"width": "wide", "height": 1, "dpi": 72}]')
@example(b'["Opened", {"parts": [{"pages": "many"}]}]')
def test_whatever_a_child_says_is_an_answer_or_the_end_of_it(said: bytes) -> None:
    with contextlib.suppress(pool.ChildLost):
        assert isinstance(pool.answer_in(said), wire.Opened | wire.Drawn | wire.Closed | wire.Failed)


def test_no_folder_but_of_code_and_fonts_is_readable() -> None:
    """A clone has its owner's files beside the package: none of them, and no home."""
    places = [Path(place) for place in sandbox._readable()]
    here = Path(__file__).parent
    assert not any(here.is_relative_to(place) or Path.home() == place for place in places)
    assert Path("/") not in places
    assert Path.cwd() not in places


OPENED = """
import sys
from octavo.errors import OctavoError
from octavo.pages import open_pages
from octavo.settings import EngineSettings, ParseOptions
try:
    with open_pages([open(sys.argv[1], "rb").read()], ParseOptions(), EngineSettings()) as pages:
        print(pages.draw(0).size.width > 0)
except OctavoError as error:
    print(error.code)
"""


@pytest.mark.parametrize(("whole", "came"), [(True, "True"), (False, "engine_unavailable")])
@pytest.mark.slow
def test_packages_in_a_folder_of_any_name(tmp_path: Path, *, whole: bool, came: str) -> None:
    """`pip install --target lib` puts them there; where a part of one is not readable, no document is to blame."""
    installed, library = Path(pypdfium2.__file__).parents[1], tmp_path / "lib"
    for folder in installed.glob("pypdfium2*"):
        if whole or not folder.name.endswith(".dist-info"):
            shutil.copytree(folder, library / folder.name)
    document = tmp_path / "letter.pdf"
    document.write_bytes(make_pdf(PdfPage(b"BT /F1 12 Tf 50 700 Td (Dear Ada) Tj ET", fonts={"F1": HELVETICA})))
    path = os.pathsep.join([str(library), str(Path(sandbox.__file__).parents[2])])
    told = subprocess.run(
        [sys.executable, "-c", OPENED, str(document)],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
        env={"PYTHONPATH": path},
    )
    assert told.stdout.strip() == came
