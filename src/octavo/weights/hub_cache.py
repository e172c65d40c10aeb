"""Models that are on this machine already: folders, and caches laid out as the Hugging Face hub lays them out."""

import contextlib
from collections.abc import Mapping
from pathlib import Path

from octavo.settings import EngineSettings

BAKED = Path("/models/hub")  # what the worker's image brings along


def snapshot(name: str, revision: str | None, settings: EngineSettings, environment: Mapping[str, str]) -> Path | None:
    """The folder of a model: the one `name` says, or that of a hub name and revision in one of the caches.

    A platform's cached models lie on the network volume. A cache with another revision is not taken for the one
    asked for: the revision is part of every result.
    """
    if Path(name).is_dir():
        return Path(name)
    caches = [Path(settings.model_cache)] if settings.model_cache else []
    if "HF_HOME" in environment:
        caches.append(Path(environment["HF_HOME"]) / "hub")
    caches += [on_volume(settings), Path.home() / ".cache" / "huggingface" / "hub", BAKED]
    found = (_in_cache(cache, name, revision) for cache in caches)
    return next((folder for folder in found if folder is not None), None)


def on_volume(settings: EngineSettings) -> Path:
    """Where the network volume keeps its cache."""
    return Path(settings.volume_path) / "huggingface-cache" / "hub"


def _in_cache(cache: Path, name: str, revision: str | None) -> Path | None:
    """The folder of a revision: models--OWNER--NAME/snapshots/HASH, with the hashes of named revisions under refs/."""
    repository = cache / f"models--{name.replace('/', '--')}"
    with contextlib.suppress(OSError):
        revision = (repository / "refs" / (revision or "main")).read_text().strip()
    folder = repository / "snapshots" / (revision or "main")
    complete = (folder / "config.json").exists() and any(folder.glob("*.safetensors"))
    return folder if complete else None
