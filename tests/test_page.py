"""The proof page is one file that asks for nothing, and nothing that a document says can run in it."""

import json
import re
from html.parser import HTMLParser
from typing import Any

from made import LOST, Pictures, document, page, region, said
from viewer import needs_the_page

from octavo.document import Document, Label, Recognition, Role
from octavo.geometry import Box
from octavo.renderers import _viewer_page, html, view
from octavo.renderers import page as proof_page
from octavo.settings import Furniture, ParseOptions, Profile

HOSTILE = '</script><script>window.broken = 1</script><img src=x onerror="window.broken = 2"><!-- & \u2028'
STAND_IN = _viewer_page.Viewer("const end = '<\\/script';", "body { margin: 0 }")


class Parts(HTMLParser):
    """The elements of a page, and the text of each of its scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag == "script":
            self.scripts.append((dict(attributes), ""))

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1] == "script" and not self.scripts[-1][1]:
            self.scripts[-1] = (self.scripts[-1][0], data)


def hostile(label: Label = Label.TEXT) -> Document:
    table = f"<table><tr><td>{HOSTILE}</td></tr></table>"
    return document(
        page([said(HOSTILE), said(table, Label.TABLE), said(HOSTILE, Label.DISPLAY_FORMULA)]), name="a & <b>"
    )


def test_what_a_document_says_stands_in_the_page_as_data() -> None:
    made = view.view(hostile(), ParseOptions())
    parts = Parts(_viewer_page.page(STAND_IN, "t", {"document": _viewer_page.json_part(made)}).decode())
    (about, text), (program, code) = parts.scripts
    assert (about, program) == ({"type": "text/plain", "id": "document"}, {})
    assert code == STAND_IN.script
    assert json.loads(text) == made
    assert "img" not in parts.tags


def test_the_page_runs_its_own_script_alone_and_asks_nobody() -> None:
    policy = _viewer_page.policy(STAND_IN, asks_server=False)
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == rules["connect-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert re.fullmatch(r"'sha256-[\w+/]{43}='", rules["script-src"])
    assert re.fullmatch(r"'sha256-[\w+/]{43}='", rules["style-src"])
    assert dict(rule.split(" ", 1) for rule in _viewer_page.policy(STAND_IN, asks_server=True).split("; "))[
        "connect-src"
    ] == ("'self'")


def regions_of(made: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for each in made["pages"] for one in each["regions"]]


def test_html_of_a_block_has_no_element_and_no_attribute_but_its_own() -> None:
    shown = [one["html"] for one in regions_of(view.view(hostile(), ParseOptions()))]
    assert len(shown) == 3
    assert "window.broken" in shown[0]  # the words are there, as words
    for text in shown:
        assert set(Parts(text).tags) <= {"p", "br", "table", "tr", "td", "pre"}
        assert "style=" not in text  # the policy would take it away


def test_every_region_of_every_profile_is_in_the_view_and_can_be_linked_to() -> None:
    for profile in (Profile.FAITHFUL, Profile.OFFICIAL):
        options = ParseOptions(profile=profile, furniture=Furniture.DROP)
        first = page([said("Running head", Label.HEADER), said("Text.")], options=options)
        second = page([(region(), Recognition(None, problems=(LOST,)))], number=1, options=options)
        made = view.view(document(first, second, options=options), options)
        ids = [one["id"] for one in regions_of(made)]
        assert ids == ["p1b0", "p1b1", "p2b0"]
        assert made["status"] == "partial"
        assert [problem["code"] for problem in regions_of(made)[2]["problems"]] == ["engine_lost"]


def test_lists_are_indented_by_classes() -> None:
    items = "- one\n    - two"
    (block,) = document(page([said(items)])).pages[0].blocks
    assert block.content is not None
    assert block.role is Role.BODY
    assert 'class="depth-1"' in "".join(html.content_html(block.content, Label.TEXT))


@needs_the_page
def test_the_file_has_the_viewer_the_document_and_a_picture_of_each_page() -> None:
    made = document(page([said("One.")]), page([said("Two.", box=Box(1, 2, 3, 4))], number=1))
    (artifact,) = proof_page.render(made, Pictures(), ParseOptions())
    parts = Parts(artifact.data.decode())
    assert [about.get("id") for about, _ in parts.scripts] == ["document", "picture-1", "picture-2", None]
    assert artifact.name == "sample.page.html"
    assert not re.search(r"(src|href)=.?https?:", artifact.data.decode().split("<script>")[0])
