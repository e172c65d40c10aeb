"""What a caller may choose for one document."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Literal

from pydantic import SecretStr, field_validator

from octavo.document import Label, Task
from octavo.settings.knobs import Settings, knob


class TextLayerUse(StrEnum):
    """What to do with the text a PDF page carries."""

    AUTO = "auto"  # use it where it can be trusted
    OFF = "off"  # read every page from its picture
    ONLY = "only"  # never read a picture: what the layer does not say is reported lost


class Furniture(StrEnum):
    """Where running headers, footers and page numbers go in Markdown and HTML."""

    APART = "apart"  # kept in the JSON, left out of the running text
    INLINE = "inline"  # in the running text, where they stand on the page
    DROP = "drop"  # nowhere


class Profile(StrEnum):
    """Which rules of post-processing apply."""

    FAITHFUL = "faithful"  # nothing that damages content
    OFFICIAL = "official"  # equal to the official GLM-OCR SDK's rules, its quirks included
    SDK = "sdk"  # the official SDK itself, where it is installed: nothing of ours reads the document


class OfficialVersion(StrEnum):
    """The versions of the official SDK (`glmocr`) whose rules are known here."""

    V0_1_1 = "0.1.1"  # what the worker's image is pinned to
    V0_1_5 = "0.1.5"


class OrientationUse(StrEnum):
    """Whether pages that lie on their side are turned upright."""

    AUTO = "auto"
    OFF = "off"


class StraightenUse(StrEnum):
    """Whether crooked scans and photographed pages are put straight before they are read."""

    AUTO = "auto"
    OFF = "off"


class LayoutNetworkUse(StrEnum):
    """On which pages the embedded engine asks its network about the layout."""

    ALWAYS = "always"
    AUTO = "auto"  # where lines are found on the picture whose text is not known
    NEVER = "never"


class PictureNames(StrEnum):
    """What the pictures of a result are called."""

    OFFICIAL = "official"  # imgs/cropped_page0_idx0.jpg, as the SDK calls them: the same in every document
    DOCUMENT = "document"  # imgs/report_page0_idx0.jpg: documents may share a folder


class Merge(StrEnum):
    """What the official profile does where one region lies in another."""

    UNION = "union"  # both stay
    LARGE = "large"  # the outer one stays
    SMALL = "small"  # the inner one stays


class OfficialStep(StrEnum):
    """What the official profile does to a page that its configuration can turn off."""

    NMS = "nms"  # drop regions that overlap a better one
    FORMULA_NUMBERS = "formula_numbers"  # put numbers into the formula beside them
    TEXT_BLOCKS = "text_blocks"  # join texts at a hyphen
    BULLET_POINTS = "bullet_points"  # turn a text between two list items into one


class Shown(StrEnum):
    """The kinds of region of the official result."""

    TEXT = "text"
    TABLE = "table"
    FORMULA = "formula"
    IMAGE = "image"


# The official SDK's default mapping of labels to tasks (config.yaml of glmocr 0.1.5).
DEFAULT_TASKS: Mapping[Label, Task] = MappingProxyType(
    dict.fromkeys(Label, Task.TEXT)
    | dict.fromkeys((Label.TABLE,), Task.TABLE)
    | dict.fromkeys((Label.DISPLAY_FORMULA, Label.INLINE_FORMULA), Task.FORMULA)
    | dict.fromkeys((Label.IMAGE, Label.CHART), Task.SKIP)
    | dict.fromkeys(
        (
            Label.HEADER,
            Label.FOOTER,
            Label.NUMBER,
            Label.FOOTNOTE,
            Label.ASIDE_TEXT,
            Label.REFERENCE,
            Label.HEADER_IMAGE,
            Label.FOOTER_IMAGE,
        ),
        Task.ABANDON,
    )
)


# What `faithful` does by default: read the running text the official mapping throws away, keep the pictures.
FAITHFUL_TASKS: Mapping[Label, Task] = MappingProxyType(
    dict(DEFAULT_TASKS)
    | dict.fromkeys(
        (Label.HEADER, Label.FOOTER, Label.NUMBER, Label.FOOTNOTE, Label.ASIDE_TEXT, Label.REFERENCE), Task.TEXT
    )
    | dict.fromkeys((Label.HEADER_IMAGE, Label.FOOTER_IMAGE), Task.SKIP)
)


LETTER_SIDE = 1650  # pixels: 11 inches at 150 dpi


class ReadingKnobs(Settings):
    """How a document is read, and what is written."""

    pages: str | None = knob(None, "Pages to read, from 1: '1-5,8,-1'; -1 is the last. Default: all.")
    password: SecretStr | None = knob(None, "Password of an encrypted PDF.")
    dpi: int | None = knob(
        None,
        "Pixels per inch a PDF page is drawn at. Default: 150, and up to 400 of a scan that is smaller than Letter; in "
        "the official SDK's profiles what it takes, 200.",
        ge=36,
        le=600,
    )
    max_side: int = knob(
        3500,
        "Longest side of a page picture in pixels; larger pages are drawn smaller.",
        ge=64,
        le=20000,
        environment=("IMAGE_MAX_SIDE",),
    )
    orientation: OrientationUse = knob(OrientationUse.AUTO, "Turn pages that lie on their side upright.")
    straighten: StraightenUse = knob(
        StraightenUse.AUTO,
        "Put crooked scans and photographed pages straight before they are read; not in profiles official and sdk.",
    )
    text_layer: TextLayerUse = knob(
        TextLayerUse.AUTO, "Use a PDF page's own text: where it can be trusted, never, or only."
    )
    layout: bool = knob(
        True, "Find regions; without, the whole page is one region.", environment=("GLMOCR_ENABLE_LAYOUT",)
    )
    layout_network: LayoutNetworkUse = knob(
        LayoutNetworkUse.AUTO,
        "Engine embedded: ask the layout network about every page, about those with lines that are not known from a "
        "text layer, or never.",
    )
    tasks: Mapping[Label, Task] = knob(
        {}, "What to do with regions of a label, over the profile's: image=text,header=abandon", flag="map"
    )
    profile: Profile = knob(
        Profile.FAITHFUL,
        "Rules of reading: faithful to the page, equal to the official SDK's, or the SDK itself (engine glm-ocr).",
        environment=("GLMOCR_PROFILE",),
    )
    furniture: Furniture = knob(
        Furniture.APART, "Running headers, footers and page numbers: apart from the text, inline, or dropped."
    )
    formats: tuple[str, ...] = knob(
        ("markdown", "glmocr_json", "report", "crops", "overlay"), "What to write.", socket="renderers"
    )
    picture_names: PictureNames = knob(
        PictureNames.OFFICIAL,
        "Names of pictures: the official SDK's, or with the document's in them, as `octavo parse` writes them by "
        "default. The profiles official and sdk keep the SDK's.",
    )


class OfficialSwitches(Settings):
    """The switches of the official SDK's own configuration, for profile `official`."""

    official_version: OfficialVersion = knob(
        OfficialVersion.V0_1_5,
        "Profile official: the version of the SDK that it equals. The worker's image sets its own.",
        environment=("GLMOCR_VERSION",),
    )
    official_without: tuple[OfficialStep, ...] = knob(
        (), "Profile official: steps left out: nms, formula_numbers, text_blocks, bullet_points."
    )
    official_merge: Mapping[Label | Literal["all"], Merge] = knob(
        {},
        "Profile official: which of two nested regions stays (large, small, union), by label: text=union, or all=large",
    )
    official_unclip: Mapping[Label | Literal["all"], tuple[float, float]] = knob(
        {}, 'Profile official: factors on width and height of regions, as JSON: {"all": [1.1, 1.0]}'
    )
    official_shown: Mapping[Label, Shown | Label] = knob(
        {}, "Profile official: the kind regions of a label are shown as: chart=image,header=text"
    )

    @field_validator("official_merge", "official_unclip", mode="after")
    @classmethod
    def _all_or_each(cls, value: Mapping[Any, Any]) -> Mapping[Any, Any]:
        if "all" in value and len(value) > 1:
            raise ValueError("'all' stands alone: give one value for all labels, or values by label")
        return value


class ParseOptions(OfficialSwitches, ReadingKnobs):
    """What a caller may choose for one document."""

    @field_validator("tasks", "official_merge", "official_unclip", "official_shown", mode="after")
    @classmethod
    def _freeze(cls, value: Mapping[Any, Any]) -> Mapping[Any, Any]:
        return MappingProxyType(dict(value))

    @property
    def drawn_dpi(self) -> int:
        """Pixels per inch a PDF page is drawn at."""
        return self.dpi or (150 if self.profile is Profile.FAITHFUL else 200)

    @property
    def least_drawn_side(self) -> int:
        """Pixels that the longer side of a scanned PDF page is drawn with at least; 0: as the dpi says. A small page is
        often a larger one reduced, and so is its type."""
        return LETTER_SIDE if self.dpi is None and self.profile is Profile.FAITHFUL else 0

    def task_of(self, label: Label) -> Task:
        """What is done with a region of this label."""
        defaults = FAITHFUL_TASKS if self.profile is Profile.FAITHFUL else DEFAULT_TASKS
        return self.tasks.get(label, defaults[label])
