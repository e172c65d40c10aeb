"""Region sets and texts, made up from a seed: everything the SDK's formatter treats in a way of its own."""

import random
from typing import Any

from octavo.document import Label
from octavo.settings import DEFAULT_TASKS

PIECES = (
    *("a", "x", "A.", "1.", "12)", "(3)", "（4）", "5）", "(b) item", "c) item", "7.4.1", "1.5 million", "A.B. Smith"),
    *("$5 and $10", "$ x + y $", "$x$", "costs$3$now", "$$", "\\$4", "$a\\$b$", "$ $", "$\n$", "$\\frac{1}{2}$ of"),
    *(
        "```python",
        "```",
        "print(1)",
        "def f():\n    return 1",
        "- ",
        "* ",
        "· ",
        "•",
        "-",
        "--",
        "# ",
        "## Title",
        "#",
    ),
    *(
        "....",
        "......",
        "···",
        "·····",
        "____",
        "\\_\\_\\_\\_",
        "\\t",
        "\\t\\t",
        "\t",
        " ",
        "  ",
        "\n",
        "\n\n",
        "\n\n\n",
    ),
    *("well-", "known", "state-of-the-", "art", "re-", "O'Neill", "don't", "Éclair", "été", "ß", "ﬁne", "long-\nterm"),
    *(
        "中文段落。",
        "胶缝",
        "第一章",
        "（一）",
        "（1）",
        "①",
        "日本語",
        "한국어",
        "١٢",
        "3）后置",
        "\u3000",
        "\u00a0",
        "\u2028",
    ),
    *("<table", "<table><tr><td>1</td></tr></table>", "</table>", "\\[", "\\]", "\\(", "\\)", "E = mc^2", "\\tag{2}"),
    *("the", "quick brown", "fox", "Lorem ipsum dolor", "end.", "e.g.", "https://example.org/a_b", "x_1", "\\", "\\\\"),
)


def text(dice: random.Random) -> str | None:
    kind = dice.random()
    if kind < 0.06:
        return None
    if kind < 0.1:
        return dice.choice(["", " ", "\n", "\\t", "\t\n"])
    if kind < 0.13:
        return repetitive(dice)
    if kind < 0.25:
        return dice.choice(["- item", "* item", "• item", "·item", "-item", "item without a sign"])
    if kind < 0.4:
        return dice.choice(["a well-", "re- ", "the word--", "1-", "-", "known fact", "tested-", "Known", "o''", "1st"])
    glue = dice.choice(["", " ", " ", "\n"])
    made = glue.join(dice.choice(PIECES) for _ in range(dice.randint(1, dice.choice([1, 3, 8]))))
    return made if dice.random() < 0.3 else made.strip()


def repetitive(dice: random.Random) -> str:
    """Around the limits of the search for repetition: 2048 characters, ten copies of ten, four lines in five."""
    unit = "".join(dice.choice("ab c\n1.中$") for _ in range(dice.choice([1, 2, 3, 7, 9, 10, 11, 25, 60, 200, 260])))
    copies = dice.choice([3, 8, 9, 10, 11, 12, 30, 300])
    run = unit * min(copies, 1 + 6000 // len(unit))
    filler = " ".join(str(dice.randrange(10**9)) for _ in range(dice.choice([0, 1, 20, 250])))
    lines = "\n".join(dice.choice(["same line", "same line ", "", f"other {dice.random()}"]) for _ in range(300))
    parts = [run, filler, dice.choice(["", "tail " * dice.choice([1, 5, 500]), lines])]
    dice.shuffle(parts)
    return dice.choice(["", "\n", " "]).join(parts)


def page(dice: random.Random) -> list[dict[str, Any]]:
    """Regions as the SDK's pipeline hands them to its formatter."""
    favourites = [Label.TEXT] * dice.choice([8, 200]) + [Label.DISPLAY_FORMULA, Label.FORMULA_NUMBER] * 3 + list(Label)
    regions = []
    for index in range(dice.choice([0, 1, 2, 3, 5, 9, 16])):
        label = dice.choice(favourites)
        task = str(DEFAULT_TASKS[label])
        if task == "abandon":
            task = "text"  # a label that the caller mapped to a task of its own
        left, top = dice.choice([100, 100, 105, 110, 115, 500]), dice.randint(0, 900)
        box = [left, top, left + dice.randint(1, 400), top + dice.randint(1, 99)]
        content = None if task == "skip" else text(dice)
        if label is Label.FORMULA_NUMBER and dice.random() < 0.8:
            content = dice.choice(["(1)", "（2.1）", "3", " (4) ", "(5", "5)", "()", "(a)(b)"])
        corners = [[box[0], box[1]], [box[2], box[1]], [box[2], box[3]], [box[0], box[3]]]
        regions.append(
            {
                "index": index,
                "label": str(label),
                "score": 0.9,
                "bbox_2d": box,
                "polygon": corners,
                "task_type": task,
                "content": content,
            }
        )
    return regions
