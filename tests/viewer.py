"""The renderers there are, and whether the proof page was built here: without Node.js it was not, and what needs it is
skipped, with the reason."""

import pytest

from octavo import dropins, renderers
from octavo.errors import PageNotBuilt
from octavo.renderers import _viewer_page


def missing() -> str:
    """Why there is no proof page here; empty where there is one."""
    try:
        _viewer_page.viewer()
    except PageNotBuilt as error:
        return error.message
    return ""


needs_the_page = pytest.mark.skipif(bool(missing()), reason=missing())
RENDERERS = [pytest.param(name, marks=[needs_the_page] if name == "page" else []) for name in dropins.names(renderers)]
