"""What was seen on a sheet, as a trace keeps it: boxes of the page, and words."""

from collections.abc import Iterator, Sequence

from octavo.document import Layer, Sight, TextLine
from octavo.geometry import Box
from octavo.layout.sheet import Claim, Sheet

_CANDIDATES = {"tables": Layer.TABLES, "figures": Layer.FIGURES}  # finder -> where its lost claims are shown, too


def sights(sheet: Sheet, claims: Sequence[Claim]) -> Iterator[Sight]:
    """Lines, rules and hints; tables and figures that were thought of; and who claimed what."""
    for line in sheet.lines:
        yield Sight(Layer.LINES, line.source.box, line_in_words(line.source))
    for rule in sheet.rules.horizontal:
        box = Box.from_pixels(rule.start, rule.at - 1, rule.end, rule.at + 1, sheet.size)
        yield Sight(Layer.RULES, box, f"a line across, {rule.length:.0f} pixels")
    for rule in sheet.rules.vertical:
        box = Box.from_pixels(rule.at - 1, rule.start, rule.at + 1, rule.end, sheet.size)
        yield Sight(Layer.RULES, box, f"a line down, {rule.length:.0f} pixels")
    for hint in sheet.hints:
        yield Sight(Layer.HINTS, Box.of(hint.rect, sheet.size), f"{hint.kind.value} {hint.score:.2f}")
    for claim in claims:
        yield from _of_claim(claim)


def line_in_words(line: TextLine) -> str:
    """Where a line is from, how it is set, and what it says."""
    if line.text is None:
        return "found on the picture, not read yet"
    style = [f"{line.font_size:.1f} pt"] if line.font_size else []
    style += ["bold"] * line.bold + ["italic"] * line.italic + ["typewriter"] * line.monospace
    return f"{', '.join(['text layer', *style])}: {line.text}"


def _of_claim(claim: Claim) -> Iterator[Sight]:
    box = claim.box or Box.around(line.source.box for line in claim.lines)
    layer = _CANDIDATES.get(claim.finder)
    if layer is not None:
        yield Sight(layer, box, f"{claim.reason} (score {claim.score:.2f})", claim.lost)
    if not claim.lost:
        own = tuple(line.source.box for line in claim.lines)
        begins = f"; begins here: {claim.begins}" if claim.begins else ""
        yield Sight(Layer.CLAIMS, box, f"claimed by {claim.finder}: {claim.reason}{begins}", lines=own)
