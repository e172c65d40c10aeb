"""Styles and links given back to what a region says: assembly decides by plain words, the lines know how these are set.

Bold and italic are told where they set some words of a paragraph or an entry apart from the others. One that is set in
a single face throughout is written plain: labels and quotations are, and a mark around all of it would say nothing that
its place does not. A heading is bold as such; what is italic in it may be a name; formulas are set in italic. What is
struck out is told always, and so is where a link leads. Cells of a table have their styles from `tables`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from operator import attrgetter
from typing import Final, TypeAlias

from octavo.content import Content, Form, Heading, Items, Mixed, Prose, Run, Runs, Table, Unmixed, text_of
from octavo.document import TextLine
from octavo.wording.formulas import mathematical

_MOST_LINES: Final = 1000  # of a region: beyond, it is not looked for where each stands in the text
_FEWEST: Final = 2  # letters or figures of a stretch that is set apart: a lone one is a variable of a formula
_BREAKS: Final = "-\u2010\u00ad"  # at a line's end: gone where the word is put together

_Faces: TypeAlias = list[Run]  # how each character that is no space is set; only styles and links of them count


def in_style(content: Content, lines: Sequence[TextLine]) -> Content:
    """The content in the styles of the lines it was read from."""
    if isinstance(content, Table):
        return content  # its cells have the styles of their words already
    one_face = len({(line.bold, line.italic) for line in lines}) < 2
    if len(lines) > _MOST_LINES or (one_face and not any(line.runs for line in lines)):
        return content
    paragraphs = list(_paragraphs(content))
    text = "".join("".join(map(text_of, runs)) for runs in paragraphs)
    faces = _faces(text, lines)
    styled: list[Runs] = []
    place = 0
    told = ("italic",) if isinstance(content, Heading) else ("bold", "italic")
    for paragraph in paragraphs:
        end = place + sum(not character.isspace() for runs in paragraph for character in text_of(runs))
        said = " ".join(map(text_of, paragraph))
        apart = iter(_apart("".join(said.split()), faces[place:end], () if mathematical(said) else told))
        styled += [_set(runs, apart) for runs in paragraph]
        place = end
    return _rebuilt(content, iter(styled))


# --- the lines of content ---------------------------------------------------------------------------------------------


def _paragraphs(content: Content) -> Iterator[list[Runs]]:
    """What words can be set apart within: the lines of each paragraph, entry, title, and row of a form."""
    match content:
        case Prose(lines):
            yield list(lines)
        case Heading(_, runs):
            yield [runs]
        case Items(items):
            yield from ([item.runs] for item in items)
        case Form(rows):
            yield [runs for row in rows for runs in (row.name, row.value)]
        case Mixed(parts):
            for part in parts:
                yield from _paragraphs(part)
        case _:
            pass


def _rebuilt(content: Content, lines: Iterator[Runs]) -> Content:
    """The content with these lines for its own, in the order of `_paragraphs`."""
    if isinstance(content, Mixed):
        return Mixed(tuple(_rebuilt_part(part, lines) for part in content.parts))
    return _rebuilt_part(content, lines)


def _rebuilt_part(content: Unmixed, lines: Iterator[Runs]) -> Unmixed:
    match content:
        case Prose(own):
            return Prose(tuple(next(lines) for _ in own))
        case Heading(level):
            return Heading(level, next(lines))
        case Items(items):
            return Items(tuple(replace(item, runs=next(lines)) for item in items))
        case Form(rows):
            return Form(tuple(replace(row, name=next(lines), value=next(lines)) for row in rows))
        case _:
            return content


# --- how characters are set -------------------------------------------------------------------------------------------


def _faces(text: str, lines: Sequence[TextLine]) -> _Faces:
    """How each character of the text is set that is no space, as far as lines are found in it.

    Lines are looked for in their order, and what was found is not found again. A hyphen at a line's end and a mark at
    its beginning may have gone their own ways.
    """
    left = "".join(text.split())
    faces = [Run("")] * len(left)
    place = 0
    for line in lines:
        runs = line.runs or (Run(line.text or "", bold=line.bold, italic=line.italic),)
        said = ["".join(run.text.split()) for run in runs]
        own = [run for run, letters in zip(runs, said, strict=True) for run in [run] * len(letters)]
        whole = "".join(said)
        for begin, end in _as_it_may_stand(whole, line):
            word = whole[begin:end]
            at = left.find(word, place)
            at = left.find(word) if at < 0 else at
            if word and at >= 0:
                place = at + len(word)
                faces[at:place] = own[begin:end]
                left = f"{left[:at]}{' ' * len(word)}{left[place:]}"
                break
    return faces


def _as_it_may_stand(letters: str, line: TextLine) -> Iterator[tuple[int, int]]:
    """From which of a line's letters to which."""
    words = (line.text or "").split(maxsplit=1)
    for begin in (0, len(words[0]) if words else 0):
        yield begin, len(letters)
        if letters and letters[-1] in _BREAKS:
            yield begin, len(letters) - 1


def _apart(text: str, faces: _Faces, told: Sequence[str]) -> _Faces:
    """The same with the styles that are told, and these only where they set some of a paragraph's words apart."""
    counts = [character.isalnum() for character in text]
    for style in ("bold", "italic"):
        set_so = list(map(attrgetter(style), faces))
        if not any(set_so):
            continue
        nowhere = style not in told or all(so for so, counted in zip(set_so, counts, strict=True) if counted)
        plain: dict[int, tuple[Run, Run]] = {}
        place = 0
        for so, stretch in groupby(set_so):
            end = place + len(list(stretch))
            if so and (nowhere or sum(counts[place:end]) < _FEWEST):
                faces = [*faces[:place], *(_once(plain, face, style) for face in faces[place:end]), *faces[end:]]
            place = end
    return faces


def _once(known: dict[int, tuple[Run, Run]], face: Run, style: str) -> Run:
    """The face without a style; many characters share one."""
    if id(face) not in known:
        plain = replace(face, bold=face.bold and style != "bold", italic=face.italic and style != "italic")
        known[id(face)] = face, plain
    return known[id(face)][1]


def _set(runs: Runs, faces: Iterator[Run]) -> Runs:
    """A line with its characters set so; a space is set like those beside it, where these are alike."""
    own: list[Run] = []  # of each character
    spaces: list[int] = []
    for run in runs:
        bare = replace(run, text="")
        dressed: dict[int, Run] = {}
        for character in run.text:
            if character.isspace():
                spaces.append(len(own))
                own.append(bare)
                continue
            face = next(faces)
            if id(face) not in dressed:
                dressed[id(face)] = _dressed(bare, face)
            own.append(dressed[id(face)])
    for place in spaces:
        if 0 < place < len(own) - 1 and own[place - 1] == own[place + 1]:
            own[place] = own[place - 1]
    text, place = text_of(runs), 0
    made: list[Run] = []
    for face, alike in groupby(own):
        end = place + len(list(alike))
        made.append(replace(face, text=text[place:end]))
        place = end
    return tuple(made)


def _dressed(bare: Run, face: Run) -> Run:
    return replace(bare, bold=face.bold, italic=face.italic, struck=face.struck, link=face.link)
