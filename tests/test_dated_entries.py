"""Entries with their dates at the right margin, of lives and news; each as a reader expects it."""

import pytest
from test_ways_of_setting import Sheet, cells, markdown, read

from octavo.parser import Parser
from octavo.wording.dates import is_when

POSTS = (
    ("Pilot, Port of Koper", "2019 \u2013 now", ("Brings in ships of up to 300 metres, by day and by night.",)),
    ("Mate on the Ada", "03/2014 \u2013 11/2018", ("Coal and grain, from Hull to Riga.", "Kept the log.")),
    ("Deckhand", "2011 \u2013 2014", ("Painted what there was to paint.",)),
)
SCHOOLS = (("Nautical college, Piran", "2014"), ("Grammar school", "2007"))


def life(sheet: Sheet, left: float, right: float, size: float, *, places: bool = False) -> list[str]:
    """What a reader expects."""
    sheet.write(left, 90, "Work", font="Times-Bold", size=1.3 * size)
    top, told = 90 + 2.4 * size, ["Work"]
    for title, when, texts in POSTS:
        if places:
            sheet.write(left, top, "Harbour Board", font="Times-Bold", size=size)
            sheet.end(right, top, "Koper, Slovenia", size)
            told.append("**Harbour Board** Koper, Slovenia")
            top += 1.3 * size
        sheet.write(left, top, title, size=size)
        sheet.end(right, top, when, size)
        top = sheet.write(left + 10, top + 1.4 * size, *texts, size=size) + 0.8 * size
        told += [f"{title} {when}", *texts]
    sheet.write(left, top + size, "Schools", font="Times-Bold", size=1.3 * size)
    told.append("Schools")
    for place, (title, when) in enumerate(SCHOOLS):
        sheet.write(left, top + (2.6 + 1.4 * place) * size, title, size=size)
        sheet.end(right, top + (2.6 + 1.4 * place) * size, when, size)
        told.append(f"{title} {when}")
    return told


@pytest.mark.parametrize(("left", "right", "size"), [(60, 530, 11), (90, 420, 8.5)])
@pytest.mark.parametrize("places", [False, True])
def test_a_post_keeps_its_date_on_its_line(
    parser: Parser, left: float, right: float, size: float, places: bool
) -> None:
    sheet = Sheet()
    told = life(sheet, left, right, size, places=places)
    assert " ".join(read(parser, sheet)) == " ".join(told)


def test_what_stands_over_dated_entries_is_a_heading(parser: Parser) -> None:
    sheet = Sheet()
    life(sheet, 60, 530, 11)
    assert [line.lstrip("# ") for line in markdown(parser, sheet).splitlines() if line[:1] == "#"] == [
        "Work",
        "Schools",
    ]


@pytest.mark.parametrize("beside", [40, 450])
def test_a_column_beside_the_posts_is_no_part_of_them(parser: Parser, beside: float) -> None:
    sheet = Sheet()
    left = 180 if beside < 100 else 60
    told = life(sheet, left, left + 340, 10)
    sheet.write(beside, 90, "Skills", font="Times-Bold", size=13)
    sheet.write(beside, 114, "Knots", "Charts", "Signals", "Radio")
    text = " ".join(read(parser, sheet))
    assert " ".join(told) in text
    assert "Skills Knots Charts Signals Radio" in text


def test_rows_that_end_with_a_year_are_a_table_where_nothing_is_said_of_them(parser: Parser) -> None:
    sheet = Sheet()
    rows = (("Ada", "brig", "1902"), ("Grace", "ketch", "1911"), ("Hedwig", "tug", "1927"), ("Ines", "launch", "1953"))
    for place, (name, kind, built) in enumerate(rows):
        sheet.write(60, 120 + 15 * place, name)
        sheet.write(160, 120 + 15 * place, kind)
        sheet.end(300, 120 + 15 * place, built)
    assert cells(markdown(parser, sheet)) == [list(row) for row in rows]


def test_titles_that_reach_their_years_and_go_on_below_are_no_entries(parser: Parser) -> None:
    """Else the second line of a title would come after its year, as a text of its own."""
    sheet = Sheet()
    titles = ("On the keeping of ropes, chains and what is made", "Of tides at the northern quay and of what is lost")
    for place, title in enumerate((*titles, *titles)):
        sheet.write(60, 120 + 34 * place, title, "with hemp or with iron")
        sheet.end(300, 120 + 34 * place, f"19{20 + place}")
    assert cells(markdown(parser, sheet)) == [
        [f"{title} with hemp or with iron", f"19{20 + place}"] for place, title in enumerate((*titles, *titles))
    ]


@pytest.mark.parametrize(
    "text",
    [
        "2014",
        "2014/15",
        "Sept 2014 \u2013 Feb 2019",
        "03.2012 bis heute",
        "12 March 2024",
        "Jan \u2013 Mar 2024",
        "(1998-2001)",
    ],
)
def test_a_text_that_says_when(text: str) -> None:
    assert is_when(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "1,204",
        "12010",
        "Built for the town in 2014",
        "1 Small Exchange 2010",
        "2014: 3 boats",
        "\u20ac 2019",
    ],
)
def test_a_text_that_says_more_or_nothing_of_it(text: str) -> None:
    assert not is_when(text)
