"""Bytes to pages: what they are, which are meant, how large they come out, and what a hostile one may cost."""

import contextlib
import errno
import io
import os
import resource
import signal
import struct
import threading
import time
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pdf_maker import HELVETICA, PdfPage, make_pdf, text_page
from PIL import Image

from octavo import errors
from octavo.document import PageImage, Severity, Trust
from octavo.drawing import pool, starting
from octavo.drawing.wire import Open
from octavo.pages import Pages, kind_of, open_pages, select
from octavo.settings import EngineSettings, ParseOptions

SETTINGS = EngineSettings()


def opened(*parts: bytes, settings: EngineSettings = SETTINGS, **options: object) -> Pages:
    return open_pages(parts, ParseOptions(**options), settings)


def drawn(*parts: bytes, settings: EngineSettings = SETTINGS, **options: object) -> list[PageImage]:
    with opened(*parts, settings=settings, **options) as pages:
        return [pages.draw(number) for number in pages.numbers]


def picture(mode: str = "RGB", size: tuple[int, int] = (40, 20), form: str = "PNG", **options: object) -> bytes:
    """A picture whose left half is black and whose right half is white."""
    image = Image.new("L", size, 255)
    image.paste(0, (0, 0, size[0] // 2, size[1]))
    out = io.BytesIO()
    image.convert(mode).save(out, form, **options)
    return out.getvalue()


def is_half_black(page: PageImage) -> bool:
    middle = page.size.width // 2
    return bool(page.pixels[:, : middle - 2].max() < 60 and page.pixels[:, middle + 2 :].min() > 195)


# --- which pages ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        (None, (0, 1, 2, 3, 4, 5, 6, 7, 8, 9)),
        ("1", (0,)),
        ("1-5,8,-1", (0, 1, 2, 3, 4, 7, 9)),
        ("-3--1", (7, 8, 9)),
        ("9-", (8, 9)),
        ("8-20", (7, 8, 9)),
        (" 2 , 1 ", (0, 1)),
        ("3,3,2-4", (1, 2, 3)),
    ],
)
def test_pages_are_selected(text: str | None, numbers: tuple[int, ...]) -> None:
    assert select(text, 10) == numbers


@pytest.mark.parametrize(
    "text",
    ["", ",", "0", "a", "1-2-3", "11", "-11", "5-2", "1.5", "--1", "1 2", "12-15", "1,,2", ",".join(["1"] * 40_000)],
    ids=lambda text: text[:9],
)
def test_selections_that_mean_nothing_are_refused(text: str) -> None:
    with pytest.raises(errors.PagesInvalid):
        select(text, 10)


@given(st.text("0123456789-, ", max_size=12), st.integers(1, 50))
def test_a_selection_is_refused_or_inside_the_document(text: str, count: int) -> None:
    try:
        numbers = select(text, count)
    except errors.PagesInvalid:
        return
    assert numbers
    assert list(numbers) == sorted(set(numbers))
    assert numbers[0] >= 0
    assert numbers[-1] < count


# --- what it is -------------------------------------------------------------------------------------------------------


def test_a_pdf_is_known_behind_junk_and_a_picture_by_its_first_bytes() -> None:
    assert kind_of(b"junk" * 100 + make_pdf(text_page("x"))) == "pdf"
    assert kind_of(picture()) == "picture"
    assert kind_of(b"plain text") is None


@pytest.mark.parametrize(
    ("data", "error", "word"),
    [
        (b"", errors.SourceEmpty, "no bytes"),
        (b"<!DOCTYPE html><html></html>", errors.TypeUnsupported, "web page"),
        (b"just some words\n", errors.TypeUnsupported, "plain text"),
        (b"PK\x03\x04" + bytes(100), errors.TypeUnsupported, "Office"),
        (bytes(range(256)) * 20, errors.TypeUnsupported, "not read here"),
        (b"%PDF-1.7\nnothing follows", errors.DocumentCorrupt, "damaged"),
        (b"\x89PNG\r\n\x1a\n" + bytes(50), errors.DocumentCorrupt, "header"),
    ],
)
def test_what_is_no_document_is_refused_in_one_plain_line(
    data: bytes, error: type[errors.OctavoError], word: str
) -> None:
    with pytest.raises(error, match=word) as caught:
        opened(data)
    assert "\n" not in caught.value.message


def test_a_pdf_without_pages_says_so() -> None:
    with pytest.raises(errors.DocumentHasNoPages):
        opened(make_pdf())


def test_passwords_in_the_encodings_pdfs_use() -> None:
    data = make_pdf(text_page("secret"), user_password="pæss".encode("latin-1"))
    with pytest.raises(errors.PasswordNeeded, match="give its password"):
        opened(data)
    with pytest.raises(errors.PasswordNeeded, match="does not open it") as caught:
        opened(data, password="wrong-one")
    assert "wrong-one" not in caught.value.message
    (page,) = drawn(data, password="pæss")
    assert page.text is not None
    assert page.text.lines[0].text == "secret"


def test_bookmarks_are_headings() -> None:
    objects = [
        "<< /Type /Outlines /First 11 0 R /Last 11 0 R /Count 1 >>",
        "<< /Title (Part  one) /Parent 10 0 R /First 12 0 R /Last 12 0 R /Count 1 /Dest [14 0 R /Fit] >>",
        "<< /Title (Chapter) /Parent 11 0 R /Dest [16 0 R /Fit] >>",
    ]
    data = make_pdf(text_page("a"), text_page("b"), catalog="/Outlines 10 0 R", objects=objects)
    with opened(data) as pages:
        assert [(heading.title, heading.level, heading.page) for heading in pages.headings] == [
            ("Part one", 1, 0),
            ("Chapter", 2, 1),
        ]


# --- how it is drawn --------------------------------------------------------------------------------------------------


def test_a_page_is_drawn_at_the_dpi_asked_for() -> None:
    (page,) = drawn(make_pdf(PdfPage(b"0 0 306 792 re f")), dpi=72)
    assert page.size == (612, 792)
    assert page.dpi == pytest.approx(72)
    assert is_half_black(page)


def scanned(resolution: float, *, points: tuple[int, int] = (180, 300)) -> bytes:
    """A page that is a picture of so many dots per inch."""
    size = round(points[0] * resolution / 72), round(points[1] * resolution / 72)
    out = io.BytesIO()
    Image.new("L", size, 200).save(out, "PDF", resolution=resolution)
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "options", "longest"),
    [
        (scanned(288), {}, 1200),  # as fine as it was scanned
        (scanned(600), {}, 1650),  # as many pixels as a Letter page has
        (scanned(600, points=(90, 150)), {}, 833),  # but no finer than 400 dpi
        (scanned(600), {"max_side": 1000}, 1000),
        (scanned(100), {}, 625),
        (scanned(600), {"dpi": 150}, 625),
        (scanned(600), {"profile": "official"}, 833),  # the SDK's 200 dpi
        (scanned(200, points=(612, 792)), {}, 1650),
        (make_pdf(PdfPage(b"", size=(180, 300))), {}, 625),
    ],
)
def test_a_small_page_that_is_a_scan_is_drawn_finer(data: bytes, options: dict[str, object], longest: int) -> None:
    (page,) = drawn(data, **options)
    assert max(page.size) == pytest.approx(longest, abs=1)


@pytest.mark.parametrize(
    ("box", "extra", "shape"),
    [
        ((14400, 100), "", (1000, 7)),
        ((1e9, 1e9), "", None),
        ((0, 0), "", None),
        ((1, 100000), "", (1, 1000)),
        ((612, 792), "/CropBox [100 100 200 150]", (208, 104)),
        ((612, 792), "/CropBox [100 100 200 150] /Rotate 90", (104, 208)),
        ((612, 792), "/MediaBox [-100 -100 100 0]", (417, 208)),
    ],
)
def test_absurd_and_cropped_pages_come_out_bounded(
    box: tuple[float, float], extra: str, shape: tuple[int, int] | None
) -> None:
    (page,) = drawn(make_pdf(PdfPage(b"", size=box, extra=extra)), max_side=1000)
    assert max(page.size) <= 1000
    assert min(page.size) >= 1
    if shape:
        assert page.size == pytest.approx(shape, abs=1)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "I;16", "I", "F"])
def test_every_kind_of_pixel_comes_out_in_eight_bits(mode: str) -> None:
    image = Image.new("L", (40, 20), 255)
    image.paste(0, (0, 0, 20, 20))
    if mode == "I;16":
        values = np.asarray(image, np.uint16) * 257
        image = Image.fromarray(values)
    elif mode in ("I", "F"):
        image = image.convert(mode).point(lambda value: value * (257 if mode == "I" else 1 / 255))
    else:
        image = image.convert(mode)
    out = io.BytesIO()
    image.save(out, "TIFF" if mode in ("PA", "F", "I") else "PNG")
    (page,) = drawn(out.getvalue())
    assert is_half_black(page)


def test_cmyk_and_every_format() -> None:
    assert is_half_black(drawn(picture("CMYK", form="JPEG", quality=95))[0])
    for form in ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "JPEG2000", "PPM", "TGA"):
        assert is_half_black(drawn(picture(form=form))[0]), form


def test_what_lies_under_transparency_is_white() -> None:
    out = io.BytesIO()
    Image.new("RGBA", (10, 10), (255, 0, 0, 0)).save(out, "PNG")
    assert (drawn(out.getvalue())[0].pixels == 255).all()


def test_a_text_beside_a_picture_that_unpacks_too_large_is_over_a_limit() -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    bomb = b"Comment\0\0" + zlib.compress(bytes(64 << 20))
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 0)) + chunk(b"zTXt", bomb)
    with pytest.raises(errors.LimitExceeded, match="unpacks too large"):
        drawn(png + chunk(b"IDAT", zlib.compress(bytes(72))) + chunk(b"IEND", b""))


def test_frames_of_a_tiff_are_pages_and_an_animation_is_one() -> None:
    frames = [Image.new("L", (30, 10 * (number + 1)), 255) for number in range(3)]
    for form, count in (("TIFF", 3), ("GIF", 1), ("WEBP", 1)):
        out = io.BytesIO()
        same = frames if form == "TIFF" else [frame.resize((30, 30)) for frame in frames]
        same[0].save(out, form, save_all=True, append_images=same[1:])
        assert len(drawn(out.getvalue())) == count, form
    out = io.BytesIO()
    frames[0].save(out, "TIFF", save_all=True, append_images=frames[1:])
    assert [page.size.height for page in drawn(out.getvalue(), pages="2-")] == [20, 30]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photograph_is_turned_as_its_camera_says(orientation: int) -> None:
    upright = Image.new("L", (40, 20), 255)
    upright.paste(0, (0, 0, 20, 10))  # the top left quarter
    back = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
    stored = upright.transpose(Image.Transpose(back[orientation])) if orientation > 1 else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    out = io.BytesIO()
    stored.save(out, "PNG", exif=exif)
    (page,) = drawn(out.getvalue())
    assert page.size == (40, 20)
    assert page.pixels[:10, :20].max() == 0
    assert page.pixels[10:].min() == 255


def test_a_large_picture_is_averaged_down_and_says_at_what_resolution() -> None:
    (page,) = drawn(picture(size=(4000, 2000), dpi=(300, 300)), max_side=1000)
    assert page.size == (1000, 500)
    assert page.dpi == pytest.approx(75, rel=0.01)
    assert is_half_black(page)
    assert drawn(picture(form="BMP"))[0].text is None


@pytest.mark.parametrize(
    ("size", "told"), [((400, 9_000), True), ((9_000, 400), True), ((1_000, 6_000), False), ((5_000, 8_000), False)]
)
@pytest.mark.parametrize("form", ["PNG", "JPEG"])
def test_a_strip_that_is_shrunk_until_its_letters_may_be_lost_is_a_doubt(
    size: tuple[int, int], form: str, *, told: bool
) -> None:
    (page,) = drawn(picture("L", size, form))
    assert [problem.code for problem in page.problems] == (["page_shrunk"] if told else [])
    assert all(problem.severity is Severity.DOUBTFUL and "max_side" in problem.message for problem in page.problems)


def test_a_long_page_is_shrunk_without_a_word_where_it_brings_its_text() -> None:
    text = b"BT /F1 24 Tf 20 14000 Td (the words of a long page) Tj ET"
    for content, told in ((text, []), (b"", ["page_shrunk"])):
        (page,) = drawn(make_pdf(PdfPage(content, size=(400, 14_200))))
        assert [problem.code for problem in page.problems] == told


def test_a_picture_that_is_too_large_is_refused_before_it_is_decoded() -> None:
    with pytest.raises(errors.LimitExceeded, match="4000 x 2000"):
        opened(picture("1", size=(4000, 2000)), settings=EngineSettings(max_page_pixels=1_000_000))


def test_what_can_be_saved_of_a_cut_picture_is_shown_with_a_problem() -> None:
    out = io.BytesIO()
    Image.effect_noise((200, 200), 80).save(out, "JPEG")
    (page,) = drawn(out.getvalue()[: len(out.getvalue()) // 2])
    assert page.size == (200, 200)
    assert [problem.code for problem in page.problems] == ["picture_damaged"]
    with opened(picture(size=(400, 400))[:45]) as pages, pytest.raises(errors.PageUnreadable):
        pages.draw(0)


def test_several_parts_are_one_document_and_a_broken_one_costs_its_page() -> None:
    parts = (picture(), make_pdf(text_page("a"), text_page("b")), b"\x89PNG\r\n\x1a\n broken", picture(size=(60, 30)))
    with opened(*parts) as pages:
        assert pages.count == 5
        assert pages.draw(4).size == (60, 30)
        text = pages.draw(2).text
        assert text is not None
        assert text.lines[0].text == "b"
        with pytest.raises(errors.PageUnreadable):
            pages.draw(3)
        assert pages.draw(0).size == (40, 20)


def test_pages_have_a_limit() -> None:
    with pytest.raises(errors.LimitExceeded, match="max_pages"):
        opened(make_pdf(*[text_page("x")] * 3), settings=EngineSettings(max_pages=2))
    assert len(drawn(make_pdf(*[text_page("x")] * 3), settings=EngineSettings(max_pages=2), pages="1-2")) == 2


# --- what a hostile page may cost -----------------------------------------------------------------------------------


def children() -> set[int]:
    """Processes this one started and that are not gone, zombies included."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (FileNotFoundError, ProcessLookupError):
                continue
            if parent == os.getpid():
                found.add(int(entry.name))
    return found


@pytest.fixture
def alone() -> Iterator[None]:
    """No children before, none after."""
    pool.shut_down()
    before = children()
    yield
    pool.shut_down()
    assert children() <= before


def endless_page() -> PdfPage:
    return PdfPage(b"0.01 w\n" + b"0 0 m 9 900 400 -900 612 792 c S\n" * 1_000_000)


def memory_eater() -> PdfPage:
    """An image of 2.7 GB in a file of 3 MB."""
    side = 30_000
    entries = f"/Type /XObject /Subtype /Image /Width {side} /Height {side} /BitsPerComponent 8 /ColorSpace /DeviceRGB"
    row = zlib.compress(bytes(side * 300))
    return PdfPage(
        b"q 612 0 0 792 0 0 cm /Im Do Q",
        streams={"Im": (entries, row * 100)},
        images=["Im"],
    )


@pytest.mark.slow
@pytest.mark.usefixtures("alone")
def test_a_page_that_never_ends_is_given_up_and_the_others_are_drawn() -> None:
    data = make_pdf(text_page("before"), endless_page(), text_page("after"))
    with opened(data, settings=EngineSettings(page_seconds=1.0)) as pages:
        assert pages.draw(0).text
        with pytest.raises(errors.LimitExceeded, match="page 2 takes more than 1 s of CPU time"):
            pages.draw(1)
        after = pages.draw(2).text
        assert after is not None
        assert after.lines[0].text == "after"


@pytest.mark.slow
@pytest.mark.usefixtures("alone")
def test_a_page_that_only_waits_for_its_turn_is_drawn() -> None:
    """Busy neighbours, as the child sees them: it stands still for longer than it may work."""
    with opened(
        make_pdf(text_page("before"), text_page("held up")), settings=EngineSettings(page_seconds=0.4)
    ) as pages:
        pages.draw(0)
        (child,) = children()
        os.kill(child, signal.SIGSTOP)
        timer = threading.Timer(1.2, os.kill, (child, signal.SIGCONT))
        timer.start()
        text = pages.draw(1).text
        timer.join()
        assert text is not None
        assert text.lines[0].text == "held up"
        assert children() == {child}


@pytest.mark.slow
@pytest.mark.usefixtures("alone")
def test_a_page_that_asks_for_all_the_memory_gets_an_error_or_is_drawn_within_bounds() -> None:
    with opened(make_pdf(memory_eater(), text_page("after"))) as pages:
        with contextlib.suppress(errors.PageUnreadable, errors.LimitExceeded):
            pages.draw(0)
        assert pages.draw(1).text is not None
    pool.shut_down()
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < 2_700 << 10


def test_a_page_of_scattered_characters_is_read_in_bounded_time() -> None:
    content = b"".join(b"BT /F1 1 Tf %d %d Td (x) Tj ET " % (n * 7 % 611, n * 13 % 7 + 300) for n in range(20_000))
    started = time.process_time()
    (page,) = drawn(make_pdf(PdfPage(content, fonts={"F1": HELVETICA})), dpi=36)
    assert page.text is not None
    assert page.text.lines
    assert time.process_time() - started < 20


def test_a_text_layer_that_is_too_long_to_be_used_is_told() -> None:
    content = b"BT /F1 0.1 Tf 1 0 0 1 9 9 Tm " + b"(%s) Tj " % (b"x" * 1000) * 101 + b"ET"
    (page,) = drawn(make_pdf(PdfPage(content, fonts={"F1": HELVETICA})), dpi=36)
    assert [(problem.code, problem.severity) for problem in page.problems] == [("text_layer_unread", Severity.LOST)]
    assert "101000 characters" in page.problems[0].message


@pytest.mark.usefixtures("alone")
@pytest.mark.slow
def test_a_child_that_dies_is_replaced() -> None:
    data = make_pdf(*[text_page(f"page {number}") for number in range(4)])
    with opened(data) as pages:
        pages.draw(0)
        for child in children():
            os.kill(child, 9)
        assert pages.draw(1).text is not None


@pytest.mark.slow
@pytest.mark.usefixtures("alone")
def test_a_child_that_dies_at_work_costs_one_page_at_most() -> None:
    data = make_pdf(endless_page(), text_page("next"))
    with opened(data, settings=EngineSettings(page_seconds=20.0)) as pages:

        def kill() -> None:
            for _ in range(2):  # the page is tried again in a fresh child
                time.sleep(0.7)
                for child in children():
                    os.kill(child, 9)

        killer = threading.Thread(target=kill)
        killer.start()
        with pytest.raises(errors.ResourcesExhausted) as caught:  # it was not the page's doing
            pages.draw(0)
        assert caught.value.retryable
        killer.join()
        assert pages.draw(1).text is not None


@pytest.mark.usefixtures("alone")
@pytest.mark.slow
def test_pages_are_drawn_side_by_side_and_come_out_the_same() -> None:
    data = make_pdf(*[text_page(f"page {number}", "x" * number) for number in range(12)])
    one_by_one = drawn(data)
    with opened(data) as pages, ThreadPoolExecutor(4) as threads:
        together = list(threads.map(pages.draw, pages.numbers))
    for first, second in zip(one_by_one, together, strict=True):
        assert first.number == second.number
        assert (first.pixels == second.pixels).all()
        assert first.text == second.text


@pytest.mark.usefixtures("alone")
def test_a_child_is_told_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_KEY", "s3cret")
    with opened(make_pdf(text_page("x"))):
        (child,) = children()
        assert b"s3cret" not in Path(f"/proc/{child}/environ").read_bytes()


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("killed", [False, True])
def test_a_child_that_was_started_ahead_draws_the_first_document(killed: bool) -> None:
    starting.ahead()
    (ahead,) = starting._ahead
    if killed:  # by the system: another comes in its place
        ahead.process.kill()
        ahead.process.wait()
    with opened(make_pdf(text_page("x"))) as pages:
        assert pages.draw(0).text is not None
        assert (ahead.process.pid in children()) is not killed


@pytest.mark.usefixtures("alone")
def test_no_process_is_no_fault_of_the_document(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise OSError(errno.EAGAIN, "no more processes")

    for module, function in (
        (starting.subprocess, "Popen"),
        (starting.socket, "socketpair"),
        (pool.wire, "memory_file"),
    ):
        with monkeypatch.context() as full:
            full.setattr(module, function, refused)
            with pytest.raises(errors.ResourcesExhausted):
                opened(make_pdf(text_page("x")))
    assert drawn(make_pdf(text_page("x")))[0].text is not None


def test_bookmarks_are_cut_to_what_a_heading_may_be() -> None:
    title = "".join("5b57" for _ in range(30_000))
    objects = [f"<< /Title <feff{title}> /Parent 11 0 R /Next {number + 1} 0 R >>" for number in range(12, 40)]
    objects = ["<< >>", "<< /Type /Outlines /First 12 0 R /Last 39 0 R /Count 28 >>", *objects]
    with opened(make_pdf(text_page("x"), catalog="/Outlines 11 0 R", objects=objects)) as pages:
        assert [len(heading.title) for heading in pages.headings] == [300] * 28


@pytest.mark.usefixtures("alone")
@pytest.mark.slow
def test_nothing_is_left_open() -> None:
    drawn(make_pdf(text_page("x")))
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        drawn(make_pdf(text_page("x"), text_page("y")))
        with pytest.raises(errors.DocumentCorrupt):
            opened(b"%PDF-1.4 broken")
    assert len(list(Path("/proc/self/fd").iterdir())) <= before


@pytest.mark.usefixtures("alone")
def test_a_page_is_not_drawn_over_while_a_part_of_it_is_held() -> None:
    with opened(make_pdf(*[text_page(f"page {number}") for number in range(12)]), dpi=72) as pages:
        parts = [np.rot90(pages.draw(number).pixels)[100:200] for number in range(6)]
        copies = [part.copy() for part in parts]
        for number in range(6, 12):
            pages.draw(number)
        assert all((part == copy).all() for part, copy in zip(parts, copies, strict=True))


@pytest.mark.usefixtures("alone")
@pytest.mark.slow
def test_memory_of_pages_is_used_again_and_let_go_with_the_document() -> None:
    def files() -> int:
        (child,) = children()
        open_ones = [file for file in Path(f"/proc/{child}/fd").iterdir() if "memfd" in str(file.readlink())]
        return len({file.stat().st_ino for file in open_ones}) - 1  # without the document

    before = len(list(Path("/proc/self/fd").iterdir()))
    pages = opened(make_pdf(*[text_page(f"page {number}") for number in range(30)]), dpi=72)
    for number in pages.numbers:
        pages.draw(number)
    assert files() <= 3
    held = [pages.draw(number).pixels for number in range(20)]
    assert files() >= 20
    held.clear()
    pages.draw(0)
    assert files() <= 1 + pool.IDLE_MEMORIES
    pages.close()
    assert files() <= 0
    assert len(list(Path("/proc/self/fd").iterdir())) <= before + 1  # the child's channel


@pytest.mark.slow
@pytest.mark.usefixtures("alone")
def test_memory_does_not_grow_with_the_number_of_pages() -> None:
    lines = [f"Line {number} of some text that fills the page and is not too short" for number in range(50)]
    with opened(make_pdf(*[text_page(*lines, size=10) for _ in range(200)]), dpi=36) as pages:
        resident = []
        for number in pages.numbers:
            pages.draw(number)
            if number in (50, 199):
                resident.append(
                    sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in (*children(), os.getpid()))
                )
    assert resident[1] < 1.2 * resident[0]


def test_a_page_without_a_text_layer_is_told_apart_from_a_picture() -> None:
    (page,) = drawn(make_pdf(PdfPage(b"")))
    assert page.text is not None
    assert page.text.verdict is Trust.ABSENT
    assert drawn(picture())[0].text is None
    assert drawn(make_pdf(PdfPage(b"BT /F1 9 Tf (x) Tj ET", fonts={"F1": HELVETICA})), text_layer="off")[0].text is None


def test_a_document_nobody_works_for_gets_a_child_while_slow_pages_hold_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """And one more at most: what is slow itself waits."""
    ended = threading.Event()

    class Child:
        documents, fresh, fat, alive = frozenset((1, 2)), False, False, True

        def draw(self, request: str, seconds: float) -> str:
            if request == "slow":
                assert ended.wait(60)
            return request

        def end(self) -> None: ...

    monkeypatch.setattr(pool, "DrawingChild", Child)
    children = pool.Pool(2)
    slow, other = (pool.Source(number, -1, Open(number, [], [], 0, 1.0, True)) for number in (1, 2))
    with ThreadPoolExecutor(4) as threads:
        held = [threads.submit(children.draw, slow, "slow") for _ in range(3)]
        while len(children._busy) < 2:
            time.sleep(0.001)
        assert [threads.submit(children.draw, other, "quick").result(60) for _ in range(3)] == ["quick"] * 3
        assert len(children._busy) == 2
        assert not any(page.done() for page in held)
        ended.set()
        assert [page.result(60) for page in held] == ["slow"] * 3
