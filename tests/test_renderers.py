"""Every renderer there is: shows what was lost, writes inside the folder, gives the same bytes twice."""

import io
import json
from pathlib import Path

import pytest
from made import LOST, Pictures, document, lines, page, read, region, said
from PIL import Image
from viewer import RENDERERS

from octavo import assemble, delivery, dropins, renderers
from octavo.document import Artifact, Document, Label, Page, Problem, Recognition, Role, Severity, TextSource
from octavo.geometry import Box
from octavo.renderers import glmocr_json, html, markdown, overlay, text
from octavo.settings import Furniture, ParseOptions, Profile

FIGURE = said(None, Label.IMAGE, Box(100, 300, 500, 500), source=TextSource.NONE)


def lost(label: Label = Label.TABLE) -> Document:
    where = region(label, Box(100, 600, 900, 800))
    return document(page([said("Before."), (where, Recognition(None, problems=(LOST,))), said("After.")]))


def rendered(name: str, made: Document, options: ParseOptions | None = None) -> list[Artifact]:
    render = dropins.load(renderers, name).render
    return list(render(made, Pictures(), options or ParseOptions()))


def whole(made: Document) -> Document:
    """The same document with nothing lost."""
    return document(page([said("Before."), said("A table."), said("After.")]), name=made.name)


@pytest.mark.parametrize("name", RENDERERS)
def test_every_renderer_shows_a_lost_region(name: str) -> None:
    made = lost()
    artifacts = rendered(name, made)
    if artifacts[0].media_type.startswith("image/"):
        assert artifacts != rendered(name, whole(made))
    else:
        assert "engine_lost" in artifacts[0].data.decode()


@pytest.mark.parametrize("name", [one for one in RENDERERS if one.values != ("crops",)])  # there is nothing to cut
def test_every_renderer_shows_a_lost_page(name: str) -> None:
    problem = Problem("page_unreadable", "page 2 cannot be drawn", Severity.LOST, page=1)
    artifacts = rendered(name, document(page([said("Before.")]), assemble.lost_page(1, problem)))
    if artifacts[0].media_type.startswith("image/"):
        assert len(artifacts) == 2
    else:
        assert "page_unreadable" in artifacts[0].data.decode()


@pytest.mark.parametrize("name", RENDERERS)
@pytest.mark.parametrize("profile", Profile)
def test_every_renderer_is_deterministic_and_stays_inside(name: str, profile: Profile, tmp_path: Path) -> None:
    options = ParseOptions(profile=profile)
    made = document(page([said("Before."), FIGURE], options=options), options=options)
    artifacts = rendered(name, made, options)
    assert artifacts == rendered(name, made, options)
    assert delivery.to_folder(artifacts, tmp_path)


@pytest.mark.parametrize("name", RENDERERS)
def test_every_renderer_takes_a_document_without_anything(name: str) -> None:
    for made in (document(), document(page([]))):
        rendered(name, made)


@pytest.mark.parametrize("name", RENDERERS)
def test_text_no_encoding_can_hold_does_not_stop_a_renderer(name: str) -> None:
    rendered(name, document(page([said("half a pair: \ud800 and a null \x00")])))


# --- Markdown ---------------------------------------------------------------------------------------------------------


def of_markdown(made: Document, options: ParseOptions | None = None) -> str:
    (artifact,) = markdown.render(made, Pictures(), options or ParseOptions())
    return artifact.data.decode()


def test_a_loss_is_seen_where_it_happened_and_what_was_saved_is_kept() -> None:
    assert of_markdown(lost()) == (
        "Before.\n\n![Not read 0-0](imgs/cropped_page0_idx0.jpg)\n\n"
        "> **Not read: table on page 1: the model's server went away [engine_lost]**\n>\n> Half a sent\n\nAfter.\n"
    )


def test_a_sentence_over_two_pages_is_one_paragraph_before_the_figure_in_between() -> None:
    made = document(
        page([read(lines("It was a well-", top=900)), FIGURE]),
        page([read(lines("known exam-", "ple.", top=60), page=1, text="known example.")], number=1),
    )
    assert of_markdown(made) == "It was a well-known example.\n\n![Image 0-0](imgs/cropped_page0_idx0.jpg)\n"


def test_a_table_over_many_pages_is_one_and_what_stands_after_it_comes_after_it() -> None:
    notes = ("Oats", "Barley and hops", "Rye, sown late", "A field of maize", "Millet", "What was left of the wheat")

    def rows(number: int) -> Page:
        html = f"<table><tr><th>Day</th><th>Sum</th></tr><tr><td>{number}</td><td>9</td></tr></table>"
        foot = read(lines(f"{notes[number]}.", top=960), Label.FOOTNOTE, page=number)
        return page(
            [(region(Label.TABLE, Box(100, 50, 900, 940), page=number), Recognition(html)), foot], number=number
        )

    text = of_markdown(document(*map(rows, range(6))))
    assert text.count("Day") == 1
    found = [text.index(f"<td>{number}</td>") for number in range(6)] + [text.index(f"{note}.") for note in notes]
    assert found == sorted(found)


def test_a_table_over_two_pages_is_one_table_with_one_header() -> None:
    head = "<tr><th>Day</th><th>Sum</th></tr>"
    pages = [
        page(
            [
                (
                    region(Label.TABLE, Box(100, top, 900, bottom), page=number),
                    Recognition(f"<table>{head}<tr><td>{number}</td><td>x</td></tr></table>"),
                )
            ],
            number=number,
        )
        for number, top, bottom in ((0, 500, 950), (1, 50, 300))
    ]
    assert of_markdown(document(*pages)) == (
        f"<table>\n{head}\n<tr><td>0</td><td>x</td></tr>\n<tr><td>1</td><td>x</td></tr>\n</table>\n"
    )


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (Furniture.APART, "Text.\n"),
        (Furniture.DROP, "Text.\n"),
        (Furniture.INLINE, "Head\n\nText.\n"),
    ],
)
def test_furniture_goes_where_it_is_wanted(where: Furniture, expected: str) -> None:
    made = document(page([said("Head", Label.HEADER), said("Text.")]))
    assert of_markdown(made, ParseOptions(furniture=where)) == expected
    (artifact,) = glmocr_json.render(made, Pictures(), ParseOptions(furniture=where))
    assert ("Head" in artifact.data.decode()) is (where is not Furniture.DROP)


def test_a_formula_that_is_no_latex_is_shown_as_a_picture_too() -> None:
    problem = Problem("formula_not_latex", "only its characters were read", Severity.DOUBTFUL)
    made = document(page([said("E = mc2", Label.DISPLAY_FORMULA, problems=(problem,))]))
    assert of_markdown(made) == "![Formula 0-0](imgs/cropped_page0_idx0.jpg)\n\nE = mc2\n"


# --- JSON -------------------------------------------------------------------------------------------------------------

OFFICIAL_KEYS = ["index", "label", "bbox_2d", "polygon", "content", "native_label"]


def of_json(made: Document, options: ParseOptions | None = None) -> list[list[dict[str, object]]]:
    (artifact,) = glmocr_json.render(made, Pictures(), options or ParseOptions())
    pages: list[list[dict[str, object]]] = json.loads(artifact.data)
    return pages


def test_json_begins_with_the_official_keys_and_boxes_hold_their_region() -> None:
    ((entry,),) = of_json(document(page([said("Text.", Label.TEXT, Box(10.4, 20.6, 30.2, 40.9))])))
    assert list(entry)[:6] == OFFICIAL_KEYS
    assert (entry["label"], entry["native_label"], entry["content"]) == ("text", "text", "Text.")
    assert entry["bbox_2d"] == [10, 20, 31, 41]
    assert (entry["source"], entry["role"], entry["score"]) == ("recognizer", "body", 0.9)


def test_the_official_profile_has_the_official_keys_only_and_truncates() -> None:
    options = ParseOptions(profile=Profile.OFFICIAL)
    parts = [said("x", Label.TEXT, Box(10.4, 20.6, 30.2, 40.9)), FIGURE]
    first, second = of_json(document(page(parts, options=options), options=options), options)[0]
    assert list(first) == OFFICIAL_KEYS
    assert first["bbox_2d"] == [10, 20, 30, 40]
    assert list(second) == [*OFFICIAL_KEYS, "image_path"]
    assert (second["label"], second["content"]) == ("image", None)


def test_pictures_have_one_name_everywhere() -> None:
    made = document(page([FIGURE, said("Text."), FIGURE]))
    named = [entry["image_path"] for entry in of_json(made)[0] if "image_path" in entry]
    assert named == [artifact.name for artifact in rendered("crops", made)]
    assert all(str(name) in of_markdown(made) for name in named)


# --- HTML and text ----------------------------------------------------------------------------------------------------


def test_html_shows_text_and_never_runs_it() -> None:
    hostile = "<script>alert(1)</script> & <img src=x onerror=alert(2)>"
    made = document(
        page(
            [
                said(hostile),
                said(f"# {hostile}", Label.DOC_TITLE),
                said(f"```\n{hostile}\n```", Label.ALGORITHM),
                said(hostile, Label.DISPLAY_FORMULA),
                said(f"<table><tr><td onclick=x>{hostile}</td></tr></table>", Label.TABLE),
                said(None, problems=(Problem("x", hostile, Severity.LOST, saved_text=hostile),)),
            ]
        ),
        name="a<b>",
    )
    (artifact,) = html.render(made, Pictures(), ParseOptions())
    markup = artifact.data.decode()
    assert "<script" not in markup
    assert "<img src=x" not in markup
    assert "onclick" not in markup
    assert "&lt;script&gt;" in markup


def test_plain_text_has_no_markup() -> None:
    made = document(
        page(
            [
                read(lines("A title"), Label.DOC_TITLE),
                read(lines("a *starred* word and 1.5 million")),
                read([*lines("• one", "• two")]),
                said("<table><tr><td>1</td><td><b>2</b></td></tr></table>", Label.TABLE),
            ]
        )
    )
    (artifact,) = text.render(made, Pictures(), ParseOptions())
    assert artifact.data.decode() == "A title\n\na *starred* word and 1.5 million\n\n- one\n- two\n\n1\t2\n"


# --- pictures ---------------------------------------------------------------------------------------------------------


def test_a_crop_is_the_region_cut_from_its_page_drawn_once() -> None:
    pictures = Pictures()
    made = document(page([FIGURE, FIGURE, said("Text.")]), page([said("No figure.")], number=1))
    crops = list(dropins.load(renderers, "crops").render(made, pictures, ParseOptions()))
    assert [Image.open(io.BytesIO(crop.data)).size for crop in crops] == [(240, 160), (240, 160)]
    assert pictures.drawn == [0]


def test_overlays_are_named_by_page_and_as_large_as_the_page() -> None:
    one = document(page([said("Text.")]))
    two = document(page([said("Text.")]), page([FIGURE], number=1))
    assert [artifact.name for artifact in rendered("overlay", one)] == ["layout_vis/sample.jpg"]
    artifacts = rendered("overlay", two)
    assert [artifact.name for artifact in artifacts] == ["layout_vis/sample_page0.jpg", "layout_vis/sample_page1.jpg"]
    assert Image.open(io.BytesIO(artifacts[0].data)).size == (600, 800)


def test_every_class_has_a_colour_of_its_own() -> None:
    colours = [overlay.colour(label) for label in Label]
    assert len(set(colours)) == len(Label)


def test_left_out_regions_are_drawn_but_not_read() -> None:
    options = ParseOptions(profile=Profile.OFFICIAL)
    left_out = (region(Label.HEADER), Recognition(None, TextSource.NONE))
    made = document(page([said("Text."), left_out], options=options), options=options)
    assert made.pages[0].blocks[1].role is Role.LEFT_OUT
    assert rendered("overlay", made) != rendered("overlay", document(page([said("Text.")])))
    assert of_markdown(made, options) == "Text."
