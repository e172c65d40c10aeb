"""Raised marks lead to the notes of their page; what only looks like one stays as it is."""

import made
import pytest

from octavo.document import Label, Page
from octavo.renderers import html as html_renderer
from octavo.renderers import markdown as markdown_renderer
from octavo.settings import ParseOptions, Profile

TEXT = "The harbour was deepened twice,¹ which took longer than thought.² Boats of 40 m² moor there"
NOTES = ("¹See the report of the harbour master.", "² Letters to the council.")


def rendered(*pages: Page, renderer: object = markdown_renderer, **options: object) -> str:
    chosen = ParseOptions(**options)  # type: ignore[arg-type]
    document = made.document(*pages, options=chosen)
    (artifact,) = renderer.render(document, {}, chosen)  # type: ignore[attr-defined]
    return str(artifact.data.decode())


def page(text: str = TEXT, *notes: str, number: int = 0, profile: Profile = Profile.FAITHFUL) -> Page:
    parts = [made.read(made.lines(text))]
    parts += [made.read(made.lines(*notes, top=800), Label.FOOTNOTE)] if notes else []
    return made.page(parts, number=number, options=ParseOptions(profile=profile))


def test_marks_lead_to_notes_each_a_paragraph_of_its_own() -> None:
    assert rendered(page(TEXT, *NOTES)) == (
        "The harbour was deepened twice,[^1] which took longer than thought.[^2] Boats of 40 m² moor there\n\n"
        "[^1]: See the report of the harbour master.\n\n[^2]: Letters to the council.\n"
    )


def test_a_page_to_read_has_links_to_its_notes() -> None:
    shown = rendered(page(TEXT, *NOTES), renderer=html_renderer)
    assert 'twice,<sup><a href="#note-1">1</a></sup> which' in shown
    assert '<p id="note-1" class="caption">¹See the report' in shown


def test_numbers_that_begin_anew_on_each_page_are_told_apart() -> None:
    text = rendered(page(TEXT, *NOTES), page("A second page.¹ It is short.", NOTES[0], number=1))
    assert "twice,[^1-1] which" in text
    assert "page.[^2-1] It" in text
    assert "[^2-1]: See the report" in text
    assert "thought.[^2] Boats" in text


@pytest.mark.parametrize(
    "notes",
    [
        (),  # a mark without its note
        ("³ Another note.",),
        ("² km are 200 ha.", "² Twice the same."),  # which one is meant, nobody can tell
    ],
)
def test_a_mark_without_its_note_stays_a_raised_figure(notes: tuple[str, ...]) -> None:
    assert "twice,¹ which took longer than thought.² Boats of 40 m² moor" in rendered(page(TEXT, *notes))


def test_the_official_profile_keeps_its_bytes() -> None:
    official = page(TEXT, *NOTES, profile=Profile.OFFICIAL)
    assert TEXT in rendered(official, profile=Profile.OFFICIAL)
