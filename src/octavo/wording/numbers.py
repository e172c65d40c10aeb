"""Numbers as tables and charts hold them: amounts, shares, dates, dashes for nothing."""

import re

_NUMBER = re.compile(r"[\s\d.,:;%$€£¥+\-–—−±~<>≤≥=()\[\]/*†‡§#^'’\"]*(?:[A-Za-z]{0,2})?[\s\d.,%)\]*+\-–−]*")
_TELLING = re.compile(r"[\d\-–—−]")
_YEAR = re.compile(r"(19|20)\d\d(\s?[/–-]\s?\d{2,4})?")
_FIGURE = re.compile(r"[-+(]?[$€£¥]?\s?[\d.,\s]*\d[\d.,]*\s?[%)]?[a-z*†]?|[-–—−.]+|n/?a", re.IGNORECASE)
_ON_AXIS = re.compile(r"[-−–+]?[$€£]?\d[\d.,]*\s?[%kKMm]?")


def is_number(text: str) -> bool:
    """A cell of figures: with signs, units of up to two letters, dates and ranges; or a dash."""
    return _TELLING.search(text) is not None and _NUMBER.fullmatch(text) is not None


def is_amount(text: str) -> bool:
    """One figure, or what stands for none: what a column of a table holds and prose does not."""
    return _FIGURE.fullmatch(text) is not None


def is_on_axis(text: str) -> bool:
    """One figure as it stands along the axis of a chart."""
    return _ON_AXIS.fullmatch(text) is not None


def is_year(text: str) -> bool:
    """A year, or a span of years: a heading rather than a figure."""
    return _YEAR.fullmatch(text.strip()) is not None


def is_mostly_digits(text: str) -> bool:
    """An amount with its currency or unit: no fewer digits than letters."""
    return sum(map(str.isdigit, text)) >= max(1, sum(map(str.isalpha, text)))
