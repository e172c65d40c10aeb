"""`{name}.view.json`: what the proof page shows of a document, as one object.

Every page with its size and its regions, as the JSON of the profile `faithful` has them, running heads and feet
included; beside each region an id to link to (`p3b7`: page 3, region 7), its plain words, to search in, and its HTML.
That is the only HTML the page ever shows, and it is written here: escaped, or rebuilt from cells and styles. A server's
job has pictures of its pages beside it (`picture`), each as soon as its page is done.
"""

import json
from collections.abc import Iterator

from PIL import Image

from octavo.content import plain, says
from octavo.document import Artifact, Document, Label, Page, Pixels
from octavo.renderers import Pictures, _jpeg, glmocr_json, html, markdown, overlay
from octavo.renderers.report import Json, problem_entry
from octavo.settings import Furniture, ParseOptions, Profile

FORMAT = "view"  # as users type it
LOOKS_AT_PAGES = True  # by `picture`
VERSION = 1  # of the object: the page refuses another
_MOST_PIXELS = 1600  # of a picture's longer side: two for each of a page's on a wide screen
_QUALITY = 60  # 200 KB for a page of text; WebP of half the size took eight times as long (samples, two cores)


def render(document: Document, pictures: Pictures, options: ParseOptions) -> Iterator[Artifact]:
    text = json.dumps(view(document, options), ensure_ascii=False)
    yield Artifact(f"{document.name}.view.json", "application/json", text.encode("utf-8", "replace"))


def count(document: Document, options: ParseOptions) -> int:
    return 1


def view(document: Document, options: ParseOptions) -> dict[str, Json]:
    """The document as plain values. Pages and the ids' numbers count from 1, `index` of a region from 0 as ever."""
    whole = options.model_copy(update={"profile": Profile.FAITHFUL, "furniture": Furniture.INLINE})
    regions = glmocr_json.pages(document, whole)
    text = "".join(file.data.decode() for file in markdown.render(document, _NoPictures(), options))
    return {
        "version": VERSION,
        "name": document.name,
        "status": document.status.value,
        "page_count": document.page_count,
        "seconds": round(document.timings.get("total", 0.0), 2),
        "engines": dict(document.engines),
        "colours": colours(),
        "problems": [problem_entry(problem) for problem in document.problems],
        "markdown": text,
        "pages": [_page(page, of_page) for page, of_page in zip(document.pages, regions, strict=True)],
    }


def _page(page: Page, regions: list[dict[str, Json]]) -> dict[str, Json]:
    shown: list[Json] = []
    for number, region in enumerate(regions):
        about: dict[str, Json] = {"id": id_of(page.number + 1, number)}
        block = page.blocks[number] if number < len(page.blocks) else None
        if block is not None and says(block.content):
            about |= {
                "html": "\n".join(html.content_html(block.content, block.region.label)),
                "text": plain(block.content),
            }
        shown.append(about | {key: value for key, value in region.items() if not key.startswith("page")})
    return {"page": page.number + 1, "width": page.size.width, "height": page.size.height, "regions": shown}


def colours() -> dict[str, Json]:
    """Of the classes, as the overlays have them."""
    return {label.value: "#{:02x}{:02x}{:02x}".format(*overlay.colour(label)) for label in Label}


def id_of(page: int, region: int) -> str:
    """What a region is linked to by: the page from 1, the region from 0, as it is in the JSON."""
    return f"p{page}b{region}"


def picture_name(name: str, number: int) -> str:
    """Of the picture of a page of a document of this name; the number from 0, as in all names of files."""
    return f"view/{name}_page{number}.jpg"


def picture(name: str, number: int, pixels: Pixels) -> Artifact:
    """A page, as a screen shows it."""
    image = Image.fromarray(pixels)
    image.thumbnail((_MOST_PIXELS, _MOST_PIXELS), Image.Resampling.BILINEAR, reducing_gap=2.0)
    data = _jpeg.encoded(image, quality=_QUALITY)
    return Artifact(picture_name(name, number), _jpeg.MEDIA_TYPE, data, format=FORMAT)


class _NoPictures:
    """Markdown needs none."""

    def page(self, number: int) -> Pixels:
        raise AssertionError(number)
