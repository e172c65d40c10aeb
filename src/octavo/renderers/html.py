"""`{name}.html`: one page to read in a browser, without scripts and without anything from elsewhere but the crops.

Every text is escaped and every table rebuilt from its cells, so that nothing a document or a model says becomes
mark-up of this page.
"""

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from itertools import groupby
from urllib.parse import quote

from octavo.content import (
    Code,
    Content,
    Form,
    Formula,
    Heading,
    Items,
    ListItem,
    Mixed,
    Picture,
    Prose,
    Run,
    Runs,
    Table,
    Verbatim,
    runs_of,
)
from octavo.document import Artifact, Document, Label, Problem, Status
from octavo.markup import html, markdown
from octavo.renderers import Pictures
from octavo.renderers._flow import Lost, Passage, PictureShown, Said, passages
from octavo.settings import ParseOptions

_DEEPEST = 8  # of an entry of a list: what is deeper is shown there
_CAPTIONS = (Label.FIGURE_TITLE, Label.VISION_FOOTNOTE, Label.FOOTNOTE)
_STYLE = """
body { max-width: 50rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.55 Georgia, "Noto Serif", serif;
       color: #1a1a1a; background: #fff; overflow-wrap: break-word; }
h1, h2, h3, h4, h5, h6, nav, .page, .problems, figcaption, table { font-family: system-ui, sans-serif; }
h1, h2, h3, h4, h5, h6 { line-height: 1.25; margin: 1.6em 0 .5em; }
table { border-collapse: collapse; margin: 1rem 0; font-size: .9rem; display: block; overflow-x: auto; }
td, th { border: 1px solid #bbb; padding: .25rem .5rem; vertical-align: top; text-align: left; }
th { background: #f1f3f5; }
pre { background: #f6f8fa; padding: .75rem; overflow-x: auto; font-size: .85rem; }
pre.formula { background: none; text-align: center; font-style: italic; }
figure { margin: 1rem 0; } img { max-width: 100%; } .caption { font-size: .9rem; color: #444; }
ul.list { list-style: none; padding-left: 1.2rem; } ul.list .marker { display: inline-block; margin-right: .5em; }
.depth-1 { margin-left: 1.2rem; } .depth-2 { margin-left: 2.4rem; } .depth-3 { margin-left: 3.6rem; }
.depth-4 { margin-left: 4.8rem; } .depth-5 { margin-left: 6rem; } .depth-6 { margin-left: 7.2rem; }
.depth-7 { margin-left: 8.4rem; } .depth-8 { margin-left: 9.6rem; }
.page { color: #777; font-size: .75rem; border-top: 1px solid #ddd; margin: 2rem 0 1rem; }
.loss { border-left: 4px solid #c00; background: #fff2f2; padding: .5rem .75rem; margin: 1rem 0; }
.partial { color: #c00; } .problems td { font-size: .8rem; }
@media (prefers-color-scheme: dark) {
  body { color: #ddd; background: #16181b; } th, pre { background: #23272b; } td, th { border-color: #444; }
  .loss { background: #3a1c1c; } .page { border-color: #333; } .caption { color: #aaa; } img { background: #fff; }
}
""".strip()


def render(document: Document, pictures: Pictures, options: ParseOptions) -> Iterator[Artifact]:
    text = "\n".join(_page(document, passages(document, options)))
    yield Artifact(f"{document.name}.html", "text/html; charset=utf-8", text.encode("utf-8", "replace"))


def count(document: Document, options: ParseOptions) -> int:
    return 1


def _page(document: Document, flow: Iterable[Passage]) -> Iterator[str]:
    yield "<!doctype html>"
    yield '<html><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{escape(document.name)}</title>"
    yield f"<style>\n{_STYLE}\n</style></head><body>"
    if document.status is Status.PARTIAL:
        yield '<p class="loss"><strong class="partial">Incomplete:</strong> parts of this document were not read; '
        yield 'see <a href="#problems">the list</a>.</p>'
    for number, of_page in groupby(flow, key=lambda passage: passage.page):
        yield f'<div class="page" id="page-{number + 1}">Page {number + 1}</div>'
        for passage in of_page:
            yield from _passage(passage)
    if document.problems:
        yield from _problems(document.problems)
    yield "</body></html>\n"


def _passage(passage: Passage) -> Iterator[str]:
    match passage:
        case Said(content=content, label=label):
            yield from content_html(content, label)
        case PictureShown(alt=alt, path=path):
            yield f'<figure><img src="{quote(path)}" alt="{escape(alt)}"></figure>'
        case Lost(text=text, saved=saved):
            saved = f"<br>{escape(saved)}" if saved else ""
            yield f'<div class="loss"><strong>{escape(text)}</strong>{saved}</div>'


def content_html(content: Content, label: Label) -> Iterator[str]:
    """What a region says, as elements; no attribute of them but classes, spans and safe links."""
    match content:
        case Heading(level, runs):
            yield f"<h{level}>{_line(runs)}</h{level}>"
        case Prose(lines, note=name):
            yield from _paragraph(lines, label, name)
        case Form(rows):
            yield from _paragraph([row.as_line for row in rows], label)
        case Items(items):
            yield '<ul class="list">'
            yield from map(_item, items)
            yield "</ul>"
        case Code(text):
            yield f"<pre><code>{escape(text)}</code></pre>"
        case Formula(latex, number):
            shown = latex if number is None else f"{latex} \\tag{{{number}}}"
            yield f'<pre class="formula">{escape(shown)}</pre>'
        case Table():
            yield html.table(content)
        case Picture(lines):
            yield from _paragraph([runs_of(one) for one in lines], Label.FIGURE_TITLE)
        case Verbatim(text):
            yield from content_html(markdown.read(text), label)
        case Mixed(parts):
            for part in parts:
                yield from content_html(part, label)


def _paragraph(lines: Sequence[Runs], label: Label, note: str | None = None) -> Iterator[str]:
    named = "" if note is None else f' id="note-{escape(note)}"'
    start = f"<p{named}" + (' class="caption">' if label in _CAPTIONS else ">")
    yield f"{start}{'<br>'.join(map(_line, lines))}</p>"


def _line(runs: Runs) -> str:
    return "".join(map(_run, markdown.unmarked(runs)))


def _run(run: Run) -> str:
    shown = html.runs((run,))
    return f'<span class="formula">{shown}</span>' if run.formula else shown


def _item(item: ListItem) -> str:
    marker = "•" if item.marker in "-*+" else escape(item.marker)
    depth = f' class="depth-{min(item.depth, _DEEPEST)}"' if item.depth else ""
    return f'<li{depth}><span class="marker">{marker}</span>{_line(item.runs)}</li>'


def _problems(problems: Sequence[Problem]) -> Iterator[str]:
    yield '<h2 id="problems">Problems</h2>'
    yield '<table class="problems"><tr><th>Page</th><th>Region</th><th>Severity</th><th>Code</th><th>Reason</th></tr>'
    for problem in problems:
        page = "" if problem.page is None else f'<a href="#page-{problem.page + 1}">{problem.page + 1}</a>'
        cells = (problem.label or "", problem.severity, problem.code, problem.message)
        yield f"<tr><td>{page}</td>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"
    yield "</table>"
