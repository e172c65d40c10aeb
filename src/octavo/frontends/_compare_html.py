"""The comparison of two results as a page for a browser: the boxes of both drawn together, then block by block."""

from collections.abc import Iterator, Sequence
from html import escape

from octavo.frontends._comparison import (
    Change,
    Comparison,
    Difference,
    JsonRegion,
    Match,
    PageComparison,
    changes,
    text_of,
)

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #1a1a1a; background: #fff; margin: 2rem auto; max-width: 82rem;
       padding: 0 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.15rem; margin-top: 2.5rem; } h3 { font-size: 1rem; margin-top: 2rem; }
.a { color: #0b57d0; } .b { color: #b3440a; } .quiet { color: #666; }
.page { display: grid; grid-template-columns: 19rem 1fr; gap: 1.5rem; align-items: start; }
svg { border: 1px solid #ccc; background: #fafafa; width: 100%; position: sticky; top: 1rem; }
rect { fill: none; stroke-width: 3; } rect.a { stroke: #0b57d0; } rect.b { stroke: #b3440a; stroke-dasharray: 12 6; }
rect.same { stroke: #bbb; stroke-width: 2; stroke-dasharray: none; }
rect.differs { fill: #ffd54f; fill-opacity: .25; } svg text { font: 30px system-ui, sans-serif; fill: #333; }
table { border-collapse: collapse; width: 100%; table-layout: fixed; font-size: .86rem; }
th { text-align: left; } td, th { border-top: 1px solid #ddd; padding: .4rem .5rem; vertical-align: top; }
td { white-space: pre-wrap; overflow-wrap: anywhere; } th:first-child { width: 9rem; }
del { background: #ffd9d6; text-decoration: none; } ins { background: #cdf2d0; text-decoration: none; }
.tag { display: inline-block; background: #eee; border-radius: .6rem; padding: 0 .5rem; margin: 0 .2rem .2rem 0;
       font-size: .78rem; }
.missing { background: #f3f3f3; color: #888; }
details { margin-top: .8rem; } summary { cursor: pointer; color: #666; }
@media (max-width: 60rem) { .page { grid-template-columns: 1fr; } svg { max-width: 19rem; position: static; } }
""".strip()


def page(results: Sequence[Comparison], a: str, b: str) -> str:
    """The whole page; nothing in it comes from elsewhere."""
    return "\n".join(_lines(results, a, b)) + "\n"


def _lines(results: Sequence[Comparison], a: str, b: str) -> Iterator[str]:
    yield '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{escape(a)} and {escape(b)}</title><style>{_STYLE}</style></head><body>"
    yield f'<h1><span class="a">A: {escape(a)}</span> and <span class="b">B: {escape(b)}</span></h1>'
    yield "<table><tr><th>document</th><th>text alike</th><th>blocks that differ</th><th>blocks the same</th></tr>"
    for result in results:
        different = sum(len(one.different) for one in result.pages)
        same = sum(len(one.matches) for one in result.pages) - different
        yield f'<tr><td><a href="#{escape(result.name)}">{escape(result.name)}</a></td>'
        yield f"<td>{result.likeness:.1%}</td><td>{different}</td><td>{same}</td></tr>"
    yield '</table><p class="quiet">In the drawings A is blue, B orange and dashed; what differs is yellow.</p>'
    for result in results:
        yield f'<h2 id="{escape(result.name)}">{escape(result.name)}</h2>'
        if not result.differs:
            yield '<p class="quiet">No difference.</p>'
        for one in result.pages:
            if one.different:
                yield from _page(one)
    yield "</body></html>"


def _page(one: PageComparison) -> Iterator[str]:
    same = [match for match in one.matches if not match.differences]
    yield f"<h3>Page {one.number + 1}: {len(one.different)} differ, {len(same)} the same</h3>"
    yield '<div class="page">'
    yield from _drawing(one)
    yield '<div><table><tr><th></th><th class="a">A</th><th class="b">B</th></tr>'
    for match in one.different:
        yield from _row(match)
    yield "</table>"
    if same:
        yield f"<details><summary>{len(same)} the same</summary><table>"
        yield '<tr><th></th><th class="a">A</th><th class="b">B</th></tr>'
        for match in same:
            yield from _row(match)
        yield "</table></details>"
    yield "</div></div>"


def _drawing(one: PageComparison) -> Iterator[str]:
    """Where the blocks are. The page's shape is not in a result: it is drawn as A4."""
    yield '<svg viewBox="0 0 1000 1414" role="img" aria-label="boxes of A and B">'
    for match in sorted(one.matches, key=lambda match: bool(match.differences)):
        for side, entries in (("a", match.a), ("b", match.b)):
            for entry in entries:
                yield from _rectangle(entry, side, match)
    yield "</svg>"


def _rectangle(entry: JsonRegion, side: str, match: Match) -> Iterator[str]:
    if entry.box is None:
        return
    box, stretch = entry.box, 1.414
    kind = f"{side} differs" if match.differences else f"{side} same"
    yield (
        f'<rect class="{kind}" x="{box.left:g}" y="{box.top * stretch:g}" width="{box.width:g}" '
        f'height="{box.height * stretch:g}"><title>{side.upper()}#{entry.index} {escape(entry.kind)}</title></rect>'
    )
    if match.differences:
        x = box.left + 4 if side == "a" else box.right - 4
        anchor = "start" if side == "a" else "end"
        yield f'<text x="{x:g}" y="{box.top * stretch + 28:g}" text-anchor="{anchor}">{side}{entry.index}</text>'


def _row(match: Match) -> Iterator[str]:
    tags = "".join(f'<span class="tag">{escape(kind.value)}</span>' for kind in sorted(match.differences))
    yield f"<tr><th>{tags or '<span class=quiet>same</span>'}</th>"
    steps = changes(text_of(match.a), text_of(match.b))
    yield _cell(match.a, match, "".join(_marked(change, text, "del", Change.REMOVED) for change, text in steps))
    yield _cell(match.b, match, "".join(_marked(change, text, "ins", Change.ADDED) for change, text in steps))
    yield "</tr>"


def _marked(change: Change, text: str, tag: str, own: Change) -> str:
    if change is Change.KEPT:
        return escape(text)
    return f"<{tag}>{escape(text)}</{tag}>" if change is own else ""


def _cell(entries: Sequence[JsonRegion], match: Match, text: str) -> str:
    if not entries:
        return '<td class="missing">not there</td>'
    details = [f"#{entry.index} {entry.kind}" + _extras(entry, match) for entry in entries]
    return f'<td><span class="quiet">{escape(", ".join(details))}</span>\n{text or "<i>no text</i>"}</td>'


def _extras(entry: JsonRegion, match: Match) -> str:
    extras = ""
    if entry.box is not None and match.differences & {Difference.BOX, Difference.PIECES}:
        box = entry.box
        extras += f" [{box.left:g}, {box.top:g}, {box.right:g}, {box.bottom:g}]"
    if entry.problems:
        extras += f" ({', '.join(entry.problems)})"
    return extras
