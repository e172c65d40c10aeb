"""What GLM-OCR wants and what it returns: prompts, pixels, tokens, and how an answer goes wrong. Pure, no I/O.

Prompts, sampling and the pixel limits are those of the official SDK 0.1.5 (its config.yaml) and of the model's own
image processor (Glm46VImageProcessor: 12544 <= 2*h*w <= 9633792, aspect at most 200). The prompts are fixed: the model
was trained on these three, and free-form ones send it into repetition.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from octavo.document import Task
from octavo.frozen import frozen
from octavo.geometry import PixelBudget, Size

PATCH = 28  # pixels; one token of the picture covers 28 x 28 of them
MAX_PIXELS = 9_633_792 // 2  # 6144 tokens: what is sent beyond is thrown away by the server
MIN_PIXELS = 12_544 // 2

# The processor refuses more than 200; rounding to patches may lengthen a crop, hence the margin.
MAX_ASPECT = 150.0

PROMPTS: Mapping[Task, str] = MappingProxyType(
    {Task.TEXT: "Text Recognition:", Task.TABLE: "Table Recognition:", Task.FORMULA: "Formula Recognition:"}
)


def budget(max_pixels: int = MAX_PIXELS) -> PixelBudget:
    """What the model can use of a picture."""
    return PixelBudget(
        min_pixels=MIN_PIXELS, max_pixels=min(max_pixels, MAX_PIXELS), multiple=PATCH, max_aspect=MAX_ASPECT
    )


# --- tokens ------------------------------------------------------------------------------------------------------

# Most tokens of an answer per token of the picture, and what even the smallest crop is allowed. A limit near what the
# picture can hold stops a repetition loop after seconds instead of at 8192 tokens, where it holds a place in the batch
# for a minute. The densest print that is still legible has characters of 4 x 10 pixels, 20 to a patch, 3 to a token;
# tables spend some 8 tokens of HTML on a cell, and a cell may be 20 x 12 pixels; LaTeX spells out every symbol. An
# answer that does meet the limit is asked for again with the full one.
_DENSITY: Mapping[Task, int] = MappingProxyType({Task.TEXT: 8, Task.TABLE: 24, Task.FORMULA: 12})
_FLOOR: Mapping[Task, int] = MappingProxyType({Task.TEXT: 256, Task.TABLE: 768, Task.FORMULA: 384})


def token_bound(task: Task, size: Size, limit: int) -> int:
    """Most tokens a crop of this size (pixels) can need, at most `limit`."""
    patches = max(MIN_PIXELS, min(size.area, MAX_PIXELS)) // (PATCH * PATCH)
    return min(limit, _FLOOR[task] + _DENSITY[task] * patches)


@frozen
class Sampling:
    """How the next token is chosen. The defaults are the official SDK's: greedy, with a penalty on repetition."""

    temperature: float = 0.0
    top_p: float = 1e-5
    top_k: int | None = 1  # None: any token may follow
    repetition_penalty: float = 1.1


# For a second try: enough chance to leave a loop, too little to invent. Greedy decoding would only say the same again.
# No top_k: with it and speculative decoding, vLLM 0.32 on a CPU ends in "max(): Expected reduction dim".
WARMER = Sampling(temperature=0.3, top_p=0.9, top_k=None, repetition_penalty=1.15)


# --- answers -----------------------------------------------------------------------------------------------------

_SPECIAL = re.compile(
    r"<\|(?:endoftext|system|user|assistant|observation|begin_of_image|end_of_image|image"
    r"|begin_of_box|end_of_box)\|>|</?think>|\[gMASK\]|<sop>|<eop>"
)
_FENCE = re.compile(r"\A```(?:html|latex|tex|markdown|md)?[ \t]*\n(.*?)\n?```\Z", re.DOTALL)


_SPECIAL_HAS = ("|>", "think>", "[gMASK]", "op>")  # what each has: looked for alone, a tenth of the pattern's time


def tidied(text: str, task: Task) -> str:
    """An answer without what is not on the page: control tokens, and the code fence some servers' answers wear."""
    if any(map(text.__contains__, _SPECIAL_HAS)):
        text = _SPECIAL.sub("", text)
    text = text.strip()
    if task is not Task.TEXT and (fenced := _FENCE.match(text)):
        text = fenced[1].strip()
    return text


class AnswerVerdict(StrEnum):
    """What an answer looks like."""

    GOOD = "good"
    EMPTY = "empty"  # nothing was said
    CUT = "cut"  # it ends in the middle
    LOOP = "loop"  # it says the same again and again
    SHORT = "short"  # far less than is there: `glm_ocr.weighing`
    REFUSAL = "refusal"  # it speaks of itself, or says what it was asked


def judged(text: str, task: Task, finish_reason: str) -> AnswerVerdict:
    """The verdict on a tidied answer. `finish_reason` is the server's: stop, length, repetition (vLLM) ..."""
    if not text:
        return AnswerVerdict.EMPTY
    unfinished = finish_reason != "stop"
    if finish_reason == "repetition" or find_loop(text, to_the_end=unfinished) is not None:
        return AnswerVerdict.LOOP
    if unfinished or (task is Task.TABLE and text.count("<table") > text.count("</table>")):
        return AnswerVerdict.CUT
    return AnswerVerdict.GOOD


@frozen
class Loop:
    """A stretch of text that is one unit many times over."""

    start: int
    end: int
    period: int  # characters

    @property
    def count(self) -> float:
        return (self.end - self.start) / self.period


# A unit of a few characters has to come back more often than a sentence before it is a loop: rows of zeros, "NA NA NA"
# and dotted leaders are real, the same sentence eight times is not. Where the text did not end by itself, less will do.
_LEAST_COUNT = 8
_LEAST_LENGTH = 160
_LEAST_LENGTH_AT_END = 64
_GRAMS = (8, 48)  # short ones see short units, long ones units that repeat something within themselves
_LONGEST = 40_000  # characters looked at: from the end, where loops are


def find_loop(text: str, *, to_the_end: bool) -> Loop | None:
    """The first long repetition in a text; in little more than linear time.

    With `to_the_end` only one that goes on to the end of the text counts, and any does: the text did not end by
    itself. Otherwise a repetition without a letter or digit is a ruled line, a row of empty cells, or a leader.
    """
    tail = text[-_LONGEST:]
    offset = len(text) - len(tail)
    least = _LEAST_LENGTH_AT_END if to_the_end else _LEAST_LENGTH
    if len(tail) < least or not _may_loop(tail, least):
        return None  # most texts go no further
    for gram in _GRAMS:
        for loop in _periodic(_distances(tail, gram), gram, least):
            if to_the_end and loop.end < len(tail) - gram:
                continue
            if to_the_end or any(map(str.isalnum, _TAG.sub("", tail[loop.start : loop.start + 2 * loop.period]))):
                return Loop(loop.start + offset, loop.end + offset, loop.period)
    return None


_TAG = re.compile(r"</?[a-z][^<>]*>|\A[^<>]*>|</?[a-z]*[^<>]*\Z")  # also one that the stretch begins or ends within


def _may_loop(text: str, least: int) -> bool:
    """Whether stretches of bytes come again as often as they do in a loop of at least that length. Quick, and never
    wrong where it says no: what comes again in characters does so in UTF-8."""
    raw = text.encode("utf-8", "surrogatepass")
    if not _comes_again(raw, least):
        return False
    gram = 128 if least > 128 else 32
    grams = np.ndarray(len(raw) - 7, np.uint64, raw, strides=(1,))  # each eight bytes as a number
    span = 8
    while span < gram:  # a hash of 16, 32 ...
        grams = (grams[:-span] * _ODD) ^ (grams[span:] >> np.uint64(29)) ^ grams[span:]
        span *= 2
    grams = np.sort(grams)
    again = int(np.count_nonzero(grams[1:] == grams[:-1]))
    return again >= least * (_LEAST_COUNT - 1) // _LEAST_COUNT - gram


def _comes_again(raw: bytes, least: int) -> bool:
    """Whether any probe, a stretch of bytes every so often, comes again within what may be one unit of a loop. A loop
    of at least that length holds a probe whole, and once more a unit later."""
    span = 32 if least > 128 else 16
    step = least * (_LEAST_COUNT - 1) // _LEAST_COUNT - span
    within = span + 1 + len(raw) // _LEAST_COUNT  # no unit of a loop is longer than that part of the text
    return any(raw.find(raw[at : at + span], at + 1, at + within) >= 0 for at in range(0, len(raw) - span, step))


def _distances(text: str, gram: int) -> NDArray[np.int64]:
    """How far before each gram of characters the same one occurred last; 0 where it is new."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64)
    count = len(codes) - gram + 1
    if count < 1:
        return np.zeros(0, np.int64)
    keys = codes * _ODD  # a hash of one character, then of 2, 4 ... and of the rest
    span, whole, done = 1, np.zeros(count, np.uint64), 0
    while done < gram:
        if gram & span:
            whole = (whole * _ODD) ^ (keys[done : done + count] + np.uint64(span))
            done += span
        keys = (keys[:-span] * _ODD) ^ (keys[span:] >> np.uint64(29)) ^ keys[span:]
        span *= 2
    order = np.argsort(whole, kind="stable")
    same = whole[order[1:]] == whole[order[:-1]]
    before = np.zeros(count, np.int64)
    before[order[1:]] = np.where(same, order[1:] - order[:-1], 0)
    return before


_ODD = np.uint64(0x9E3779B97F4A7C15)


def _periodic(before: NDArray[np.int64], gram: int, least: int) -> list[Loop]:
    """Stretches in which every gram of characters last occurred one constant distance before."""
    if not len(before):
        return []
    edges = np.flatnonzero(np.diff(before)) + 1
    firsts = np.concatenate(([0], edges))
    ends = np.concatenate((edges, [len(before)]))
    periods = before[firsts]
    lengths = ends - firsts + periods + gram - 1
    loops = np.flatnonzero((periods > 0) & (lengths >= least) & (lengths >= _LEAST_COUNT * periods))
    return [Loop(int(firsts[n] - periods[n]), int(ends[n]) + gram - 1, int(periods[n])) for n in loops]


def without_loop(text: str) -> str:
    """The text with its loop said once. What comes after the loop is kept."""
    loop = find_loop(text, to_the_end=False) or find_loop(text, to_the_end=True)
    return text if loop is None else (text[: loop.start + loop.period] + text[loop.end :]).rstrip()


# --- tables ------------------------------------------------------------------------------------------------------


def closed_table(html: str) -> str:
    """A table that was cut short, closed after its last complete row."""
    if "<table" not in html or html.rstrip().endswith("</table>"):
        return html
    rows_end = html.rfind("</tr>")
    if rows_end < 0:
        return html
    kept = html[: rows_end + len("</tr>")]
    for tag in ("tbody", "thead"):
        if kept.count(f"<{tag}") > kept.count(f"</{tag}>"):
            kept += f"</{tag}>"
    return kept + "</table>"


_SECTION = re.compile(r"</?(?:thead|tbody|tfoot)[^>]*>")


def joined_tables(upper: str, lower: str) -> str | None:
    """Two halves of one table, put together again. None where one of them is no table."""
    first, second = _taken_apart(upper), _taken_apart(lower)
    if first is None or second is None:
        return None
    return f"{first[0]}{_SECTION.sub('', first[1])}{_SECTION.sub('', second[1])}</table>"


def _taken_apart(html: str) -> tuple[str, str] | None:
    """A table's opening tag and what it holds; no pattern, which would look for the end from each of a thousand."""
    start, close = html.find("<table"), html.rfind("</table>")
    inside = html.find(">", start) + 1
    return (html[start:inside], html[inside:close]) if start >= 0 and 0 < inside <= close else None
