"""A trace as one page for a browser: everything that was seen over the page, with a switch for each kind.

A click says what is at a place, as `--at` does. Nothing in it comes from elsewhere.
"""

import base64
from collections.abc import Iterator, Sequence
from html import escape

from PIL import Image

from octavo.frontends._trace_layers import View
from octavo.frontends._trace_pictures import colour
from octavo.frontends._trace_words import in_words
from octavo.geometry import SCALE, Size
from octavo.renderers import _jpeg

_SHOWN = frozenset({"blocks", "problems"})  # at first; the others at the flick of a switch

_STYLE = """
body { font: 14px/1.45 system-ui, sans-serif; color: #1a1a1a; margin: 0; display: grid;
       grid-template-columns: minmax(0, 3fr) minmax(22rem, 2fr); height: 100vh; }
main, aside { overflow: auto; padding: 1rem; } aside { border-left: 1px solid #ddd; background: #fafafa; }
h1 { font-size: 1.1rem; margin: 0 0 .3rem; } h2 { font-size: .95rem; margin: 1.2rem 0 .3rem; }
p { margin: .2rem 0; color: #555; } svg { width: 100%; height: auto; border: 1px solid #ccc; cursor: crosshair; }
label { display: block; cursor: pointer; } label i { display: inline-block; width: .8rem; height: .8rem;
       border-radius: .15rem; margin: 0 .4rem 0 .2rem; vertical-align: -1px; } label.empty { color: #999; }
rect { fill-opacity: .08; stroke-width: 2; vector-effect: non-scaling-stroke; }
rect.lost { stroke-dasharray: 6 5; fill-opacity: 0; } rect.found { fill-opacity: .35; }
ul { padding-left: 0; list-style: none; margin: 0; }
li { padding: .25rem .4rem; border-left: 4px solid; margin: .3rem 0;
       background: #fff; overflow-wrap: anywhere; } li b { font-weight: 600; margin-right: .4rem; }
#faint { opacity: .45; }
@media (max-width: 60rem) { body { grid-template-columns: 1fr; height: auto; } }
""".strip()

_SCRIPT = """
const svg = document.querySelector('svg'), list = document.querySelector('ul');
const place = document.querySelector('#place');
for (const box of document.querySelectorAll('input[data-view]'))
  box.onchange = () => document.getElementById('view-' + box.dataset.view).style.display = box.checked ? '' : 'none';
document.querySelector('#pale').onchange = event =>
  document.querySelector('image').id = event.target.checked ? 'faint' : '';
svg.onclick = event => {
  const on = svg.getBoundingClientRect(), view = svg.viewBox.baseVal;
  const x = (event.clientX - on.left) / on.width * view.width, y = (event.clientY - on.top) / on.height * view.height;
  place.textContent = `--at ${Math.round(x / view.width * 1000)},${Math.round(y / view.height * 1000)}`;
  list.replaceChildren();
  for (const rect of svg.querySelectorAll('rect')) {
    const [left, top, width, height] = ['x', 'y', 'width', 'height'].map(name => rect[name].baseVal.value);
    const here = left <= x && x <= left + width && top <= y && y <= top + height;
    rect.classList.toggle('found', here);
    if (!here) continue;
    const item = document.createElement('li'), name = document.createElement('b');
    name.textContent = `${rect.parentNode.dataset.name} ${[...rect.parentNode.children].indexOf(rect)}`;
    item.style.borderColor = rect.parentNode.getAttribute('stroke');
    item.append(name, rect.querySelector('title').textContent);
    list.append(item);
  }
  if (!list.children.length) list.append('Nothing that the stages saw is here.');
};
""".strip()


def page(name: str, said: str, views: Sequence[View], picture: Image.Image) -> str:
    return "\n".join(_lines(name, said, views, picture)) + "\n"


def _lines(name: str, said: str, views: Sequence[View], picture: Image.Image) -> Iterator[str]:
    size = Size(*picture.size)
    data = base64.b64encode(_jpeg.encoded(picture, quality=80)).decode()
    yield '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{escape(name)}: trace</title><style>{_STYLE}</style></head><body><main>"
    yield f'<svg viewBox="0 0 {size.width} {size.height}" role="img" aria-label="the page and what was seen on it">'
    yield f'<image id="faint" width="{size.width}" height="{size.height}" href="data:image/jpeg;base64,{data}"/>'
    for number, view in enumerate(views):
        yield from _group(number, view, size)
    yield f"</svg></main><aside><h1>{escape(name)}</h1><p>{escape(said)}</p>"
    yield '<h2>Show</h2><label><input type="checkbox" id="pale" checked><i></i>the page, pale</label>'
    for number, view in enumerate(views):
        yield _switch(number, view)
    yield '<h2>Here <span id="place"></span></h2><p>Click on the page. Dashed: nothing came of it.</p><ul></ul>'
    yield f"</aside><script>{_SCRIPT}</script></body></html>"


def _switch(number: int, view: View) -> str:
    checked, empty = " checked" * (view.name in _SHOWN), " class=empty" * (not view.marks)
    return (
        f'<label{empty}><input type="checkbox" data-view="{view.name}"{checked}>'
        f'<i style="background:{_css(number)}"></i>{escape(view.title)} ({len(view.marks)})</label>'
    )


def _group(number: int, view: View, size: Size) -> Iterator[str]:
    x, y = size.width / SCALE, size.height / SCALE
    hidden = "" if view.name in _SHOWN else ' style="display:none"'
    yield f'<g id="view-{view.name}" data-name="{view.name}" stroke="{_css(number)}" fill="{_css(number)}"{hidden}>'
    for mark in view.marks:
        box = mark.box
        yield (
            f'<rect{" class=lost" * bool(mark.lost)} x="{box.left * x:.1f}" y="{box.top * y:.1f}" '
            f'width="{box.width * x:.1f}" height="{box.height * y:.1f}"><title>{escape(in_words(mark))}</title></rect>'
        )
    yield "</g>"


def _css(number: int) -> str:
    return "rgb({}, {}, {})".format(*colour(number))
