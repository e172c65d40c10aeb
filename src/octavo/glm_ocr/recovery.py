"""Reads a crop, and climbs a ladder where the answer is no good: no text is given up, or believed, at the first try.

    cut short          ask again with all the tokens there are
    repeating, empty   ask again with a warmer sampling, then with a larger picture (the whole crop only)
    refused            ask again with a smaller picture
    still no good      read it in two halves, cut where nothing is written; tables by halves of rows

The best answer is kept, whatever became of the rest, and each step is recorded. Knows the model's ways (`glm_ocr`), not
how it is reached.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from octavo.document import Label, Pixels, Problem, Recognition, Severity, Task, TextSource, Usage
from octavo.errors import EngineFailed, OctavoError
from octavo.geometry import PixelBudget
from octavo.glm_ocr import model as glm_ocr
from octavo.glm_ocr.client import Answer, PictureRefused
from octavo.glm_ocr.halves import framed, halves, is_inked
from octavo.glm_ocr.model import AnswerVerdict, Sampling
from octavo.glm_ocr.pictures import EncodedPicture

Ask = Callable[[EncodedPicture, Task, Sampling, int], Awaitable[Answer]]  # picture, task, sampling, most tokens
Encode = Callable[[Pixels], Awaitable[EncodedPicture]]

_MOST_CUTS = 2  # on top of each other: a crop is read in four pieces at most, and with nine requests in all
_RANK = (AnswerVerdict.EMPTY, AnswerVerdict.LOOP, AnswerVerdict.CUT, AnswerVerdict.GOOD)


@dataclass(frozen=True, slots=True)
class _Try:
    """What one try gave."""

    text: str
    verdict: AnswerVerdict
    confidence: float | None = None
    ended: bool = True  # by itself, not at a limit

    def better(self, other: "_Try") -> "_Try":
        """The better one of two; of equals the one that says more."""
        mine, others = (
            (_RANK.index(reading.verdict), len(glm_ocr.without_loop(reading.text))) for reading in (self, other)
        )
        return other if others > mine else self


@dataclass(slots=True)
class _Record:
    """What reading one crop may take and took."""

    most_cuts: int
    usage: Usage = field(default_factory=Usage)
    steps: list[str] = field(default_factory=list)
    refusal: OctavoError | None = None


class Ladder:
    """Reads crops. Stateless between them."""

    def __init__(
        self,
        ask: Ask,
        encode: Encode,
        *,
        sampling: Sampling,
        token_limit: int,
        budget: PixelBudget,
        climbing: bool = True,
    ) -> None:
        self._ask = ask
        self._encode = encode
        self._sampling = sampling
        self._token_limit = token_limit
        self._budget = budget
        self._climbing = climbing

    async def read(self, picture: EncodedPicture, task: Task, label: Label) -> Recognition:
        """What the crop says, with a problem where that is doubtful or nothing. Only cancellation raises."""
        record = _Record(most_cuts=0 if label is Label.VERTICAL_TEXT else _MOST_CUTS)
        try:
            reading = await self._read(picture, task, record)
        except OctavoError as error:
            return lost(error.code, error.message, record)
        if reading is None:
            refusal = record.refusal or EngineFailed("the crop could not be read")
            return lost(refusal.code, refusal.message, record)
        if reading.verdict is AnswerVerdict.EMPTY:
            if is_inked(picture.pixels):
                return lost("empty_answer", "the model gave no text for a region that has something in it", record)
            return Recognition("", TextSource.RECOGNIZER, usage=record.usage, steps=_steps(record))
        text, problems = _kept(reading, task)
        return Recognition(
            text,
            TextSource.RECOGNIZER,
            confidence=reading.confidence,
            problems=problems,
            steps=_steps(record),
            usage=record.usage,
        )

    async def _read(self, picture: EncodedPicture, task: Task, record: _Record, *, cuts: int = 0) -> _Try | None:
        """The best that can be got out of a crop or a piece of one; None where every request was refused."""
        bound = glm_ocr.token_bound(task, picture.size, self._token_limit)
        best = await self._try("read", picture, task, self._sampling, bound, record)
        if not self._climbing or _settled(best, picture):
            return best
        try:
            return await self._climb(best, picture, task, bound, record, cuts)
        except OctavoError as error:  # the server went away on the ladder: what was read before stands
            if best is None or not best.text:
                raise
            record.steps.append(f"gave_up: {error.code}")
            return best

    async def _climb(
        self, best: _Try | None, picture: EncodedPicture, task: Task, bound: int, record: _Record, cuts: int
    ) -> _Try | None:
        pixels = picture.pixels
        if best is None:
            smaller = await self._encode(framed(pixels, self._budget, scale=0.7))
            best = await self._try("smaller", smaller, task, self._sampling, bound, record)
        if best is not None and best.verdict is AnswerVerdict.CUT and bound < self._token_limit:
            full = await self._try("more_tokens", picture, task, self._sampling, self._token_limit, record)
            best = _better(best, full)
        if not cuts and best is not None and best.verdict in (AnswerVerdict.LOOP, AnswerVerdict.EMPTY):
            warmer = await self._try("warmer", picture, task, glm_ocr.WARMER, bound, record)
            if warmer is not None and _same(warmer, best):
                return _Try(best.text, AnswerVerdict.GOOD, best.confidence)  # it says so twice: the page repeats itself
            best = _better(best, warmer)
        if not cuts and best is not None and best.verdict in (AnswerVerdict.LOOP, AnswerVerdict.EMPTY):
            larger = framed(pixels, self._budget, scale=1.6)
            if larger.shape != pixels.shape:
                shown = await self._encode(larger)
                best = _better(best, await self._try("larger", shown, task, self._sampling, bound, record))
        if cuts < record.most_cuts and not _settled(best, picture):
            best = _better(best, await self._in_halves(pixels, task, record, cuts))
        return best

    async def _in_halves(self, pixels: Pixels, task: Task, record: _Record, cuts: int) -> _Try | None:
        cut = None if task is Task.FORMULA else halves(pixels, task)
        if cut is None:
            record.steps.append("halves: no place to cut")
            return None
        record.steps.append("halves")
        read: list[_Try] = []
        for half in (cut.first, cut.second):
            piece = await self._encode(framed(half, self._budget))
            reading = await self._read(piece, task, record, cuts=cuts + 1)
            if reading is None:
                return None
            blank = reading.verdict is AnswerVerdict.EMPTY and not is_inked(half)
            read.append(_Try("", AnswerVerdict.GOOD) if blank else reading)
        return _joined(read[0], read[1], task, cut.joint)

    async def _try(
        self, step: str, picture: EncodedPicture, task: Task, sampling: Sampling, tokens: int, record: _Record
    ) -> _Try | None:
        """One request. None where the server refused it."""
        try:
            answer = await self._ask(picture, task, sampling, tokens)
        except PictureRefused as refusal:
            record.refusal = refusal
            record.steps.append(f"{step}: refused")
            return None
        record.usage += answer.usage
        text = glm_ocr.tidied(answer.text, task)
        verdict = glm_ocr.judged(text, task, answer.finish_reason)
        record.steps.append(f"{step}: {verdict}")
        return _Try(text, verdict, answer.confidence, ended=answer.finish_reason == "stop")


def _settled(reading: _Try | None, picture: EncodedPicture) -> bool:
    """Whether there is nothing to gain by reading again."""
    if reading is None:
        return False
    return reading.verdict is AnswerVerdict.GOOD or (
        reading.verdict is AnswerVerdict.EMPTY and not is_inked(picture.pixels)
    )


def _better(best: _Try | None, other: _Try | None) -> _Try | None:
    if best is None or other is None:
        return best or other
    return best.better(other)


def _same(one: _Try, other: _Try) -> bool:
    """Whether both came to their own end with the same words."""
    return bool(one.text) and one.ended and other.ended and one.text.split() == other.text.split()


def _joined(first: _Try, second: _Try, task: Task, joint: str) -> _Try | None:
    texts = [_kept(reading, task)[0] for reading in (first, second) if reading.text]
    text: str | None = joint.join(texts)
    if task is Task.TABLE and len(texts) > 1:
        text = glm_ocr.joined_tables(*texts)
        if text is None:
            return None
    verdict = min((first.verdict, second.verdict), key=_RANK.index)
    if verdict is AnswerVerdict.EMPTY and text:
        verdict = AnswerVerdict.CUT  # one half is there, the other is not
    confidences = [reading.confidence for reading in (first, second) if reading.confidence is not None]
    return _Try(text or "", verdict, min(confidences, default=None))


def _kept(reading: _Try, task: Task) -> tuple[str, tuple[Problem, ...]]:
    """The text as it goes into the result, and what is to be said about it."""
    text, problems = reading.text, []
    if reading.verdict is AnswerVerdict.LOOP:
        text = glm_ocr.without_loop(text)
        message = "the model repeated itself; the repetition is kept once, and text after it may be missing"
        problems.append(Problem("repetition_loop", message, Severity.DOUBTFUL))
    if reading.verdict is AnswerVerdict.CUT:
        message = "the model stopped before the end of the region: text may be missing"
        problems.append(Problem("truncated", message, Severity.DOUBTFUL))
    if task is Task.TABLE:
        text = glm_ocr.closed_table(text)
        if text and "<table" not in text:
            message = "the model gave plain text for a table: its rows and columns are lost"
            problems.append(Problem("no_table", message, Severity.DOUBTFUL))
    return text, tuple(problems)


def lost(code: str, message: str, record: _Record | None = None) -> Recognition:
    record = record or _Record(0)
    problem = Problem(code, message, Severity.LOST)
    return Recognition(None, TextSource.NONE, problems=(problem,), steps=_steps(record), usage=record.usage)


def _steps(record: _Record) -> tuple[str, ...]:
    """The steps, where there was more than the one that every crop takes."""
    return tuple(record.steps) if len(record.steps) > 1 else ()
