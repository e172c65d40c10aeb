"""Lines in scripts that the embedded reader does not know: who reads them, and what is said where nobody can.

The real Tesseract, with Debian's languages and fonts (tests/tesseract/install.sh); what it could do wrong is played by
programs that hang, burn CPU, die, or print nonsense.
"""

import asyncio
import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont, features

from octavo import crops
from octavo.__main__ import main
from octavo.document import Label, PageImage, Recognition, Region, Severity, Task
from octavo.errors import EngineFailed, EngineTimeout, EngineUnavailable
from octavo.geometry import Box
from octavo.networks.text_reader import LinePicture, ReadLine, ReadWord
from octavo.orientation import Orientation
from octavo.recognizers.embedded import EmbeddedRecognizer, open_recognizer
from octavo.settings import EngineSettings
from octavo.tesseract.languages import of_code
from octavo.tesseract.program import Tesseract, read_strips
from octavo.tesseract.reader import sense, unknown_lines

FONTS = Path("/usr/share/fonts/truetype")
NASKH, NANUM = FONTS / "noto/NotoNaskhArabic-Regular.ttf", FONTS / "nanum/NanumMyeongjo.ttf"
DEJAVU = FONTS / "dejavu/DejaVuSans.ttf"
SERIF = FONTS / "noto/NotoSerif-Regular.ttf"
KOREAN = ["모든 인간은 태어날 때부터 자유로우며", "그 존엄과 권리에 있어 동등하다"]
ARABIC = ["يولد جميع الناس أحرارا متساوين في الكرامة والحقوق", "وعليهم أن يعامل بعضهم بعضا بروح الإخاء"]
PERSIAN = ["پژوهشگران چهار گزارش درباره کیفیت هوای تهران", "و گچ بری خانه های کهن منتشر کردند"]
GREEK = ["Κάθε άνθρωπος δικαιούται να επικαλείται όλα τα δικαιώματα", "που προκηρύσσει η παρούσα Διακήρυξη"]
RUSSIAN = ["Все люди рождаются свободными и равными", "в своем достоинстве и правах."]
HEBREW = ["כל בני האדם נולדו בני חורין ושווים בערכם", "לפיכך חובה עליהם לנהוג איש ברעהו ברוח של אחווה"]
ENGLISH = ["Every line of this page is in English, and so", "nobody has to be asked about any of them."]


def real(*codes: str, font: Path) -> pytest.MarkDecorator:
    """For tests of the real program: it, its data, a font that has the letters, and who shapes them."""
    there = Tesseract("tesseract", seconds=20).codes if shutil.which("tesseract") else frozenset()
    lacks = [f"Tesseract's {code}" for code in codes if code not in there]
    lacks += [] if font.is_file() else [font.name]
    lacks += [] if font not in (NASKH, DEJAVU) or features.check("raqm") else ["raqm in Pillow"]
    return pytest.mark.skipif(bool(lacks), reason=f"{', '.join(lacks)} missing: tests/tesseract/install.sh brings it")


def page(lines: Sequence[str], font: Path | None = None) -> PageImage:
    """Lines below each other, 30 pixels high."""
    image = Image.new("RGB", (1100, 120 + 60 * len(lines)), "white")
    face = ImageFont.truetype(font, 30) if font else ImageFont.load_default(30)
    x, anchor = (1020, "ra") if font in (NASKH, DEJAVU) else (80, "la")
    for number, line in enumerate(lines):
        ImageDraw.Draw(image).text((x, 60 + 60 * number), line, fill="black", font=face, anchor=anchor)
    return PageImage(0, np.asarray(image), 150)


def read(engine: EmbeddedRecognizer, image: PageImage) -> Recognition:
    region = Region(0, Box.of_page(), Label.TEXT, Task.TEXT, 1.0)
    crop = crops.cut(image, region, engine.budget)
    (answer,) = asyncio.run(engine.recognize([crop], document="a"))
    return answer


@contextmanager
def opened(**settings: object) -> Iterator[EmbeddedRecognizer]:
    engine = asyncio.run(open_recognizer(EngineSettings.model_validate({"threads": 1} | settings)))
    try:
        yield engine
    finally:
        asyncio.run(engine.close())


def read_with(image: PageImage, **settings: object) -> Recognition:
    with opened(**settings) as engine:
        return read(engine, image)


@pytest.fixture(scope="module")
def engine() -> Iterator[EmbeddedRecognizer]:
    with opened() as engine:
        yield engine


font_of_korean = pytest.mark.skipif(not NANUM.is_file(), reason="no Korean font: tests/tesseract/install.sh brings one")


def stand_in(folder: Path, does: str, *, languages: Sequence[str] = ("kor",)) -> str:
    """A program that lists languages as Tesseract does, and for anything else does as told."""
    program = folder / "tesseract"
    listed = "\\n".join(["List of available languages:", *languages])
    program.write_text(
        f'#!/bin/sh\ncase "$*" in\n*--version*) echo "tesseract 5.3.0";;\n*--list-langs*) printf "{listed}\\n";;\n'
        f"*) {does};;\nesac\n"
    )
    program.chmod(0o755)
    return str(program)


# --- with the real program ----------------------------------------------------------------------------------------


@pytest.mark.slow
@real("kor", font=NANUM)
def test_korean_is_read_with_its_spaces_and_places(engine: EmbeddedRecognizer) -> None:
    answer = read(engine, page(KOREAN, NANUM))
    assert answer.text == " ".join(KOREAN)
    assert answer.problems == ()
    assert "Tesseract" in engine.described
    assert [word.text for word in answer.lines[0].words] == KOREAN[0].split()
    assert [word.box.left for word in answer.lines[0].words] == sorted(word.box.left for word in answer.lines[0].words)
    assert answer.lines[0].words[0].box.left == pytest.approx(1000 * 80 / 1100, abs=6)


@pytest.mark.slow
@real("ara", "fas", font=NASKH)
@pytest.mark.parametrize("lines", [ARABIC, PERSIAN], ids=["arabic", "persian"])
def test_arabic_and_persian_are_told_apart_and_read_in_logical_order(
    lines: Sequence[str], engine: EmbeddedRecognizer
) -> None:
    answer = read(engine, page(lines, NASKH))
    assert answer.text == " ".join(lines)
    words = answer.lines[0].words
    assert words[0].box.left > words[-1].box.left  # from the right


@pytest.mark.slow
@real("rus", font=SERIF)
def test_russian_is_read(engine: EmbeddedRecognizer) -> None:
    assert (read(engine, page(RUSSIAN, SERIF))).text == " ".join(RUSSIAN)


@pytest.mark.slow
@real("heb", font=DEJAVU)
def test_hebrew_stays_upright(engine: EmbeddedRecognizer) -> None:
    # The network that looks for pages on their heads is 0.92 sure that this is one.
    image = page(HEBREW, DEJAVU)
    orientation = Orientation(EngineSettings(threads=1))
    try:
        assert orientation.upright(image).rotation == 0
    finally:
        orientation.close()
    assert read(engine, image).text == " ".join(HEBREW)


@pytest.mark.slow
@real("ell", font=SERIF)
def test_greek_is_read_with_its_accents(engine: EmbeddedRecognizer) -> None:
    text = (read(engine, page(GREEK, SERIF))).text or ""
    assert "άνθρωπος δικαιούται" in text
    assert "προκηρύσσει" in text


@pytest.mark.slow
@real("kor", font=NANUM)
def test_lines_that_the_reader_knows_stay_as_they_are(engine: EmbeddedRecognizer) -> None:
    assert (read(engine, page([*ENGLISH, *KOREAN], NANUM))).text == " ".join([*ENGLISH, *KOREAN])


# --- without it, or with one that fails ----------------------------------------------------------------------------


def test_a_page_that_the_reader_knows_starts_no_process(tmp_path: Path) -> None:
    started = tmp_path / "started"
    answer = read_with(page(ENGLISH), tesseract_command=stand_in(tmp_path, f"touch {started}"))
    assert answer.text == " ".join(ENGLISH)
    assert not started.exists()


def lost(answer: Recognition) -> str:
    """The reason of the one loss."""
    (problem,) = answer.problems
    assert problem.severity is Severity.LOST
    return problem.message


@pytest.mark.slow
@font_of_korean
@pytest.mark.parametrize(
    ("does", "settings", "why"),
    [
        ("exit 3", {}, "Tesseract ended with status 3"),
        ("sleep 60", {"tesseract_seconds": 0.1}, "Tesseract took more than 1 s"),
        ("while :; do :; done", {"tesseract_seconds": 0.1}, "Tesseract took more than"),
        ("echo 5", {}, "could not be read"),
    ],
    ids=["dies", "hangs", "spins", "talks nonsense"],
)
def test_a_program_that_fails_costs_the_lines_it_was_asked_for(
    does: str, settings: dict[str, object], why: str, tmp_path: Path
) -> None:
    answer = read_with(page([*ENGLISH, *KOREAN], NANUM), tesseract_command=stand_in(tmp_path, does), **settings)
    assert answer.text == " ".join(ENGLISH)
    assert why in lost(answer)


@font_of_korean
@pytest.mark.slow
def test_what_to_install_is_said_where_there_is_no_program() -> None:
    assert "apt install tesseract-ocr" in lost(read_with(page(KOREAN, NANUM), tesseract_command="no-such-program"))


@pytest.mark.slow
@font_of_korean
def test_what_to_install_is_said_where_the_script_has_no_language(tmp_path: Path) -> None:
    program = stand_in(tmp_path, 'echo "Script: Korean"', languages=["osd"])
    assert "apt install tesseract-ocr-kor" in lost(read_with(page(KOREAN, NANUM), tesseract_command=program))


@pytest.mark.slow
@pytest.mark.skipif(not SERIF.is_file(), reason="no Greek font: tests/tesseract/install.sh brings one")
def test_greek_without_its_accents_is_doubted() -> None:
    answer = read_with(page(GREEK, SERIF), tesseract_command="no-such-program")
    assert [problem.code for problem in answer.problems] == ["text_doubtful"]


def test_a_language_that_is_asked_for_and_missing_is_refused_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailable, match="tesseract-ocr-fas"):
        read_with(page(ENGLISH), languages="fas", tesseract_command=stand_in(tmp_path, "exit 3"))
    with pytest.raises(EngineUnavailable, match="install Tesseract"):
        read_with(page(ENGLISH), languages="fas", tesseract_command="no-such-program")


def test_errors_of_the_program_are_typed(tmp_path: Path) -> None:
    strips = [np.full((48, 200), 255, np.uint8)]
    with pytest.raises(EngineFailed):
        Tesseract(stand_in(tmp_path, "exit 3"), seconds=5).read(strips, "kor")
    with pytest.raises(EngineTimeout):
        Tesseract(stand_in(tmp_path, "sleep 60"), seconds=0.01).read(strips, "kor")


def test_the_program_sees_nothing_of_our_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLMOCR_API_KEY", "sk-1234")
    seen = tmp_path / "seen"
    Tesseract(stand_in(tmp_path, f"/usr/bin/env > {seen}"), seconds=5).read([np.zeros((48, 99), np.uint8)], "kor")
    assert "OMP_THREAD_LIMIT=1" in seen.read_text()
    assert "sk-1234" not in seen.read_text()


def test_doctor_says_which_languages_are_there_and_what_to_install(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OCTAVO_PRESET", "none")
    main(["doctor", "--json", "--tesseract-command", stand_in(tmp_path, "exit 3", languages=["eng", "kor"])])
    found = json.loads(capsys.readouterr().out)["other_scripts"]
    assert found["program"] == "Tesseract 5.3.0"
    assert found["languages"] == ["kor"]
    assert "tesseract-ocr-ara" in found["missing"]
    assert "tesseract-ocr-kor" not in found["missing"]


# --- what decides -------------------------------------------------------------------------------------------------


def printed(*pages: tuple[Sequence[tuple[int, int, float, str]], str]) -> str:
    """What Tesseract prints as tsv and txt: of each page, pieces with their place, and the text."""
    lines = ["level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext"]
    for number, (pieces, text) in enumerate(pages, start=1):
        lines.append(f"1\t{number}\t0\t0\t0\t0\t0\t0\t400\t48\t-1\t")
        for left, width, sure, piece in pieces:
            lines.append(f"5\t{number}\t1\t1\t1\t1\t{left}\t4\t{width}\t40\t{sure}\t{piece}")
        lines.append(text)
    return "\n".join(lines)


def test_pieces_become_the_words_of_the_text() -> None:
    first, empty, last = read_strips(
        printed(
            ([(7, 35, 93.0, "제"), (53, 13, 90.0, "1"), (77, 28, 93.0, "조"), (131, 71, 80.0, "모든")], "제1조 모든"),
            ([], ""),
            ([(90, 40, 90.0, "R\u200f"), (10, 60, 70.0, "بلغة")], "بلغة R"),  # they do not spell the text
        ),
        3,
    )
    assert [(word.text, word.start, word.end) for word in first.words] == [("제1조", 7, 105), ("모든", 131, 202)]
    assert first.text == "제1조 모든"
    assert empty.confidence == 0
    assert last.text == "R بلغة"


def test_what_is_not_tesseracts_is_no_answer() -> None:
    assert [strip.text for strip in read_strips("5\t9\t1\t1\t1\t1\t1\t1\t1\t1\t90\tno such page\nnoise", 1)] == [""]


def line(length: float, text: str, confidence: float, covered: float = 1.0) -> tuple[LinePicture, ReadLine]:
    quad = np.array(((0, 0), (length, 0), (length, 30), (0, 30)), np.float32)
    return LinePicture(np.zeros((30, 30, 3), np.uint8), quad), ReadLine(
        (ReadWord(text, 0, 1),), confidence, covered, quad
    )


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([line(900, "read well", 0.98), line(500, "", 0.0)], [1]),
        ([line(900, "read well", 0.98), line(500, "1.5", 0.8, covered=0.27), line(700, "", 0.0)], [2, 1]),
        ([line(900, "read well", 0.98), line(60, "", 0.0)], []),  # a stain is not long
        ([line(900, "read well", 0.98)] * 60 + [line(300, "", 0.0)], []),  # a border, on a page that is read well
        ([line(900, "ε νπ διιται να επιαλετι λα τα", 0.86)], [0]),  # Greek without its accents
        ([line(900, "the angle α is larger than β", 0.86)], []),
    ],
)
def test_lines_may_be_in_an_unknown_script_where_the_reader_makes_no_sense_of_them(
    lines: Sequence[tuple[LinePicture, ReadLine]], expected: Sequence[int]
) -> None:
    assert unknown_lines([picture for picture, _ in lines], [sense(answer) for _, answer in lines]) == expected


def test_a_language_is_told_by_letters_of_its_own() -> None:
    assert of_code("fas").is_told_by(PERSIAN[0])
    assert not of_code("fas").is_told_by(ARABIC[0])
    assert of_code("kor").writes("제1조 모든 인간은 (ABC)")
    assert not of_code("kor").writes("인간 and the rest in English")
