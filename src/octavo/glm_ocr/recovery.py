"""Reads a crop, and climbs a ladder where the answer is no good: no text is given up, or believed, at the first try.

    cut short                   ask again with all the tokens there are
    repeating, empty, refused   ask again with a warmer sampling, then with a larger picture (the whole crop only)
    not taken by the server     ask again with a smaller picture
    far too little              read it in two halves at once, cut where nothing is written; tables by halves of rows
    still no good               halves as well; what cannot be cut and is too little, with a larger picture

An answer that ends by itself is weighed against what is there (`glm_ocr.weighing`). The best answer is kept, whatever
became of the rest, and each step is recorded. Knows the model's ways (`glm_ocr`), not how it is reached.
"""

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace

from octavo.document import NOTHING_USED, Label, Pixels, Problem, Recognition, Severity, Task, TextSource, Usage
from octavo.errors import EngineFailed, OctavoError
from octavo.frozen import frozen
from octavo.geometry import PixelBudget
from octavo.glm_ocr import model as glm_ocr
from octavo.glm_ocr import weighing
from octavo.glm_ocr.client import Answer, PictureRefused
from octavo.glm_ocr.halves import framed, halves, is_inked
from octavo.glm_ocr.model import AnswerVerdict, Sampling
from octavo.glm_ocr.pictures import EncodedPicture
from octavo.glm_ocr.weighing import NOTHING_KNOWN, Evidence, Weighed, Weight
from octavo.markup import latex

Ask = Callable[[EncodedPicture, Task, Sampling, int], Awaitable[Answer]]  # picture, task, sampling, most tokens
Encode = Callable[[Pixels], Awaitable[EncodedPicture]]

_MOST_CUTS = 2  # on top of each other: a crop is read in four pieces at most, and with nine requests in all
_RANK = (
    AnswerVerdict.EMPTY,
    AnswerVerdict.REFUSAL,
    AnswerVerdict.LOOP,
    AnswerVerdict.SHORT,
    AnswerVerdict.CUT,
    AnswerVerdict.GOOD,
)
_SILENT = frozenset({AnswerVerdict.EMPTY, AnswerVerdict.REFUSAL})
_STUCK = frozenset({*_SILENT, AnswerVerdict.LOOP})


@frozen
class Wanted:
    """What is to be read in a crop, and what is known of it."""

    task: Task
    label: Label
    evidence: Evidence = NOTHING_KNOWN
    final: bool = False  # an answer that ends by itself stands as the model gave it, and is only told to be doubtful

    @property
    def digest(self) -> bytes:
        """The same for what has the same answer, if the picture is the same."""
        said = f"{self.task} {self.label} {self.final} {self.evidence.layer}"
        return hashlib.blake2b(said.encode("utf-8", "surrogatepass"), digest_size=16).digest()


@frozen
class _Try:
    """What one try gave."""

    text: str
    verdict: AnswerVerdict
    confidence: float | None = None
    ended: bool = True  # by itself, not at a limit
    weighed: Weighed | None = None  # where it was

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
    usage: Usage = NOTHING_USED
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
        prompts: Sequence[str] = tuple(glm_ocr.PROMPTS.values()),
    ) -> None:
        """Every prompt that may be asked is in `prompts`, to know it again in an answer."""
        self._ask = ask
        self._encode = encode
        self._sampling = sampling
        self._token_limit = token_limit
        self._budget = budget
        self._climbing = climbing
        self._prompts = prompts

    async def read(self, picture: EncodedPicture, wanted: Wanted) -> Recognition:
        """What the crop says, with a problem where that is doubtful or nothing. Only cancellation raises."""
        record = _Record(most_cuts=0 if wanted.label is Label.VERTICAL_TEXT else _MOST_CUTS)
        try:
            reading = await self._read(picture, wanted, record)
        except OctavoError as error:
            return lost(error.code, error.message, record)
        if reading is None:
            refusal = record.refusal or EngineFailed("the crop could not be read")
            return lost(refusal.code, refusal.message, record)
        if reading.verdict is AnswerVerdict.EMPTY:
            if is_inked(picture.pixels):
                return lost("empty_answer", "the model gave no text for a region that has something in it", record)
            return Recognition("", TextSource.RECOGNIZER, usage=record.usage, steps=_steps(record))
        if reading.verdict is AnswerVerdict.REFUSAL and not wanted.final:
            return lost(REFUSED, _REFUSAL, record, saved=reading.text)
        text, problems = _kept(reading, wanted.task)
        kept = reading if text == reading.text else replace(reading, text=text, weighed=None)
        return Recognition(
            text,
            TextSource.RECOGNIZER,
            confidence=reading.confidence,
            problems=(*problems, *self._doubts(kept, wanted)),
            steps=_steps(record),
            usage=record.usage,
        )

    async def _read(self, picture: EncodedPicture, wanted: Wanted, record: _Record, *, cuts: int = 0) -> _Try | None:
        """The best that can be got out of a crop or a piece of one; None where every request was refused."""
        bound = glm_ocr.token_bound(wanted.task, picture.size, self._token_limit)
        best = await self._try("read", picture, wanted, self._sampling, bound, record)
        if not self._climbing or _settled(best, picture, wanted):
            return best
        try:
            return await self._climb(best, picture, wanted, bound, record, cuts)
        except OctavoError as error:  # the server went away on the ladder: what was read before stands
            if best is None or not best.text:
                raise
            record.steps.append(f"gave_up: {error.code}")
            return best

    async def _climb(
        self, best: _Try | None, picture: EncodedPicture, wanted: Wanted, bound: int, record: _Record, cuts: int
    ) -> _Try | None:
        pixels = picture.pixels
        if best is None:
            smaller = await self._encode(framed(pixels, self._budget, scale=0.7))
            best = await self._try("smaller", smaller, wanted, self._sampling, bound, record)
        if best is not None and best.verdict is AnswerVerdict.CUT and bound < self._token_limit:
            full = await self._try("more_tokens", picture, wanted, self._sampling, self._token_limit, record)
            best = _better(best, full)
        if not cuts and best is not None and best.verdict in _STUCK:
            warmer = await self._try("warmer", picture, wanted, glm_ocr.WARMER, bound, record)
            if warmer is not None and best.verdict is AnswerVerdict.LOOP and _same(warmer, best):
                return replace(best, verdict=AnswerVerdict.GOOD)  # it says so twice: the page repeats itself
            best = _better(best, warmer)
        if not cuts and best is not None and best.verdict in _STUCK:
            best = _better(best, await self._larger(pixels, wanted, bound, record))
        if cuts < record.most_cuts and not _settled(best, picture, wanted):
            best = _better(best, await self._in_halves(pixels, wanted, record, cuts))
        if not cuts and best is not None and best.verdict is AnswerVerdict.SHORT:
            best = _better(best, await self._larger(pixels, wanted, bound, record))
        return best

    async def _larger(self, pixels: Pixels, wanted: Wanted, bound: int, record: _Record) -> _Try | None:
        larger = framed(pixels, self._budget, scale=1.6)
        if larger.shape == pixels.shape:
            return None
        return await self._try("larger", await self._encode(larger), wanted, self._sampling, bound, record)

    async def _in_halves(self, pixels: Pixels, wanted: Wanted, record: _Record, cuts: int) -> _Try | None:
        cut = None if wanted.task is Task.FORMULA else halves(pixels, wanted.task)
        if cut is None:
            record.steps.append("halves: no place to cut")
            return None
        record.steps.append("halves")
        read: list[_Try] = []
        for half in (cut.first, cut.second):
            piece = await self._encode(framed(half, self._budget))
            known = weighing.evidence_of_piece(half, wanted.task, wanted.label, wanted.evidence)
            reading = await self._read(piece, replace(wanted, evidence=known), record, cuts=cuts + 1)
            if reading is None:
                return None
            silent = reading.verdict in _SILENT  # what says nothing of the half is no part of the text
            blank = reading.verdict is AnswerVerdict.EMPTY and not is_inked(half)
            read.append(_Try("", AnswerVerdict.GOOD) if blank else replace(reading, text="") if silent else reading)
        joined = _joined(read[0], read[1], wanted.task, cut.joint)
        if joined is not None and joined.text and joined.verdict in (AnswerVerdict.GOOD, AnswerVerdict.SHORT):
            return self._weighed(joined, wanted)  # each too little may be enough together, and the other way round
        return joined

    async def _try(
        self,
        step: str,
        picture: EncodedPicture,
        wanted: Wanted,
        sampling: Sampling,
        tokens: int,
        record: _Record,
    ) -> _Try | None:
        """One request. None where the server refused it."""
        try:
            answer = await self._ask(picture, wanted.task, sampling, tokens)
        except PictureRefused as refusal:
            record.refusal = refusal
            record.steps.append(f"{step}: refused")
            return None
        record.usage += answer.usage
        text = glm_ocr.tidied(answer.text, wanted.task)
        if wanted.task is Task.TABLE and not wanted.final:
            text = latex.table_as_html(text) or text
        verdict = glm_ocr.judged(text, wanted.task, answer.finish_reason)
        made = _Try(text, verdict, answer.confidence, ended=answer.finish_reason == "stop")
        if verdict is AnswerVerdict.GOOD:
            made = self._weighed(made, wanted)
        record.steps.append(f"{step}: {made.verdict}")
        return made

    # --- weighed ------------------------------------------------------------------------------------------------

    def _weighed(self, reading: _Try, wanted: Wanted) -> _Try:
        """An answer that looks good by itself, weighed."""
        weighed = weighing.weighed(reading.text, wanted.task, wanted.evidence)
        verdict = AnswerVerdict.SHORT if weighed.weight is Weight.SHORT else AnswerVerdict.GOOD
        if weighed.weight is not Weight.FAIR and self._says_nothing(reading.text):
            verdict = AnswerVerdict.REFUSAL
        return replace(reading, verdict=verdict, weighed=weighed)

    def _says_nothing(self, text: str) -> bool:
        return weighing.speaks_of_itself(text) or weighing.echoed(text, self._prompts) == ""

    def _doubts(self, reading: _Try, wanted: Wanted) -> list[Problem]:
        """What the text, as it goes into the result, gives cause to say."""
        if reading.verdict is AnswerVerdict.REFUSAL:
            return [Problem(REFUSED, _REFUSAL, Severity.LOST)]
        problems: list[Problem] = []
        weighed = reading.weighed or weighing.weighed(reading.text, wanted.task, wanted.evidence)
        if weighed.weight is Weight.SHORT:
            message = (
                f"the model gave {weighed.told} of about {weighed.there} characters that are there by {weighed.witness}"
            )
            severity = Severity.LOST if weighed.surely else Severity.DOUBTFUL
            problems.append(Problem("short_answer", message, severity))
        if weighed.weight is Weight.INVENTED:
            message = (
                f"the model gave {weighed.told} characters; by {weighed.witness} about {weighed.there} are there: "
                "the text may be made up"
            )
            problems.append(Problem("invented_answer", message, Severity.DOUBTFUL))
        odd: list[tuple[str, str]] = []
        if weighing.speaks_of_itself(reading.text):
            odd.append((REFUSED, "the answer reads like a refusal"))
        if weighing.echoed(reading.text, self._prompts) is not None:
            odd.append(("echoed_prompt", "the answer begins with what the model was asked"))
        if odd and not weighing.is_known(reading.text, wanted.evidence):
            problems += [Problem(code, message, Severity.DOUBTFUL) for code, message in odd]
        return problems


REFUSED = "refused_answer"
_REFUSAL = "the model spoke of itself, or said what it was asked, instead of reading"


def _settled(reading: _Try | None, picture: EncodedPicture, wanted: Wanted) -> bool:
    """Whether there is nothing to gain by reading again, or no leave to."""
    if reading is None:
        return False
    if reading.verdict in (AnswerVerdict.SHORT, AnswerVerdict.REFUSAL) and wanted.final:
        return True
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
    if verdict in _SILENT and text:
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


def lost(code: str, message: str, record: _Record | None = None, *, saved: str | None = None) -> Recognition:
    record = record or _Record(0)
    problem = Problem(code, message, Severity.LOST, saved_text=saved)
    return Recognition(None, TextSource.NONE, problems=(problem,), steps=_steps(record), usage=record.usage)


def _steps(record: _Record) -> tuple[str, ...]:
    """The steps, where there was more than the one that every crop takes."""
    return tuple(record.steps) if len(record.steps) > 1 else ()
