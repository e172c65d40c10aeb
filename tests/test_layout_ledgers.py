"""Items and amounts far apart on one row, on made-up lines: type of 20 pixels on a page of 1000 x 1400."""

from octavo.document import TextLine
from octavo.geometry import Box
from octavo.layout.ledgers import find_ledgers
from octavo.layout.lines import Line
from octavo.layout.names_beside import find_names_beside
from octavo.layout.side_by_side import PageLines


def line(text: str | None, left: float, top: float, right: float, size: float = 20) -> Line:
    box = Box(left, top / 1.4, right, (top + size) / 1.4)
    return Line(left, top, right, top + size, size, TextLine(box, text))


def ledgers(lines: list[Line]) -> list[list[str]]:
    return [[it.text for it in ledger.lines] for ledger in find_ledgers(PageLines(lines))]


def receipt(*rows: tuple[str, str]) -> list[Line]:
    lines = []
    for number, (item, amount) in enumerate(rows):
        top = 100 + 30 * number
        lines += [line(item, 100, top, 100 + 12 * len(item)), line(amount, 700 - 12 * len(amount), top, 700)]
    return lines


ITEMS = (("1 x Sourdough loaf", "4.20"), ("2 x Butter, salted 250 g", "5.18"), ("TOTAL", "GBP 9.38"))


def test_items_stay_with_their_amounts() -> None:
    assert ledgers(receipt(*ITEMS)) == [[text for row in ITEMS for text in row]]


def test_lines_that_are_not_read_yet_tell_by_their_places() -> None:
    unread = [Line(it.left, it.top, it.right, it.bottom, it.size, TextLine(it.source.box)) for it in receipt(*ITEMS)]
    assert len(find_ledgers(PageLines(unread))) == 1


def test_an_item_may_have_a_second_line() -> None:
    lines = receipt(*ITEMS, ("VAT", "1.56"))
    lines.insert(4, line("at a lower rate", 120, 175, 300))
    lines[5:] = [
        Line(it.left, it.top + 30, it.right, it.bottom + 30, it.size, it.source)
        for it in receipt(*ITEMS, ("VAT", "1.56"))[4:]
    ]
    assert ledgers(lines)[0][4] == "at a lower rate"


def test_what_stands_beside_or_below_is_not_of_it() -> None:
    aside = [line("12 Rope Walk", 0, 115, 80), line("Thank you", 100, 190, 300)]
    assert ledgers([*receipt(*ITEMS), *aside]) == ledgers(receipt(*ITEMS))


def test_two_columns_of_text_are_no_ledger() -> None:
    columns = [
        line("words that fill the line", left, 100 + 26 * row, left + 350) for row in range(9) for left in (100, 500)
    ]
    assert not ledgers(columns)


def test_two_addresses_side_by_side_are_no_ledger() -> None:
    lines = []
    for row, (one, other) in enumerate(
        (("Ada Lindqvist", "Bo Okafor"), ("14 Row", "9 Harbour Street"), ("Vila", "York"))
    ):
        top = 100 + 26 * row
        lines += [line(one, 100, top, 100 + 12 * len(one)), line(other, 600, top, 600 + 12 * len(other))]
    assert not ledgers(lines)


def test_numbers_beside_running_text_are_no_ledger() -> None:
    lines = []
    for row in range(6):
        lines += [line("words that fill the line", 100, 100 + 26 * row, 600), line(str(row), 640, 100 + 26 * row, 652)]
    assert not ledgers(lines)


def form(*fields: tuple[str, str], left: float = 100) -> list[Line]:
    lines = []
    for number, (name, value) in enumerate(fields):
        top = 100 + 30 * number
        lines += [line(name, left, top, left + 12 * len(name))] if name else []
        lines += [line(value, left + 250, top, left + 250 + 12 * len(value))]
    return lines


def forms(lines: list[Line]) -> list[list[str | None]]:
    return [[it.text for it in found.lines] for found in find_names_beside(PageLines(lines))]


def test_names_stay_with_their_values_in_each_column_of_a_form() -> None:
    one = form(("Order:", "2024-12"), ("Estimate:", "EST-456"))
    other = form(("Name:", "Ada"), ("Contact:", "555 Broadway"), ("", "New York"), left=500)
    assert forms([*one, *other]) == [
        ["Order:", "2024-12", "Estimate:", "EST-456", "Name:", "Ada", "Contact:", "555 Broadway", "New York"],
    ]


def test_one_name_with_a_value_and_columns_of_text_are_no_form() -> None:
    assert not forms(form(("Note:", "words"), ("and more of them", "words")))
    assert not forms([line(f"as follows{end}", 100, 100 + 26 * n, 300) for n, end in enumerate(":::")])


def test_an_address_beside_dates_that_are_flush_right_is_no_ledger() -> None:
    rows = (
        ("Ada Lindqvist", "Statement period"),
        ("14 Row", "1 March to 31 March 2024"),
        ("Vila", "Issued 2 April 2024"),
    )
    assert not ledgers(receipt(*rows))
