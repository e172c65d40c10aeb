"""Whether a word is English, as the official SDK 0.1.1 asks before it joins two halves at a hyphen.

The home of `wordfreq`, whose list takes 60 MB: only who follows that version needs it.
"""

from octavo.errors import EngineUnavailable
from octavo.settings import OfficialVersion, ParseOptions, Profile

_COMMON = 2.5  # Zipf frequency: three in ten million words


def is_english(token: str) -> bool:
    """Raises EngineUnavailable without the list."""
    try:
        from wordfreq import zipf_frequency
    except ImportError as error:
        raise EngineUnavailable(
            "official_version 0.1.1 joins hyphenated words by the package wordfreq: pip install 'octavo[official]'"
        ) from error
    return bool(zipf_frequency(token.lower(), "en") >= _COMMON)


def load_for(options: ParseOptions) -> None:
    """The list, before the first page that may need it. Raises EngineUnavailable without it."""
    if options.profile is Profile.OFFICIAL and options.official_version is OfficialVersion.V0_1_1:
        is_english("a")
