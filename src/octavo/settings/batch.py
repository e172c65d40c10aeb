"""What lives as long as a batch of documents."""

import re
from enum import StrEnum

from pydantic import SecretStr, field_validator

from octavo.errors import EngineTimeout, SourceTooLarge
from octavo.settings.knobs import Settings, knob
from octavo.settings.worker import Price


class Shape(StrEnum):
    """What a batch makes of its documents."""

    FOLDERS = "folders"  # the files of each in a folder of its own
    PARQUET = "parquet"  # documents, pages and blocks as rows, many documents to a file
    JSONL = "jsonl"  # the same rows, as lines of JSON


class Retry(StrEnum):
    """Documents that were read and are read again."""

    PARTIAL = "partial"  # something of them was lost
    FAILED = "failed"  # there is no result


class Share(Settings):
    """Which documents are read, and by whom."""

    pattern: str | None = knob(None, "Only documents whose names fit: '**/*.pdf'. Default: all that are not hidden.")
    retry: tuple[Retry, ...] = knob((), "Read again what came out so: partial, failed.")
    limit: int | None = knob(None, "Most documents read in this run.", ge=1)
    shard: str | None = knob(
        None, "Only the share of this machine of several: 2/8. Machines that write to one target need none."
    )
    documents_at_once: int = knob(2, "Documents read side by side.", ge=1, le=1024)
    lease_seconds: float = knob(
        60.0, "After so long without a sign of life a machine's documents are taken over by the others.", gt=0
    )

    @field_validator("shard", mode="after")
    @classmethod
    def _of_several(cls, value: str | None) -> str | None:
        found = re.fullmatch(r"(\d+)/(\d+)", value) if value else None
        if value and (found is None or not 1 <= int(found[1]) <= int(found[2])):
            raise ValueError("write the number of this machine and of all, from 1: 2/8")
        return value


class OnRay(Settings):
    """Parsers on a Ray cluster."""

    ray_cpus: float = knob(2.0, "CPUs that each parser takes on the cluster.", gt=0)
    ray_gpus: float = knob(0.0, "GPUs that each parser takes: 1 where it starts its own model, else 0.", ge=0)
    ray_least: int = knob(1, "Parsers that are there from the start.", ge=1)
    ray_most: int | None = knob(
        None, "Most parsers. Default: as many as the cluster has CPUs for; more where it grows by itself.", ge=1
    )


class Elsewhere(Settings):
    """Documents that are read by others."""

    endpoint: str | None = knob(
        None,
        "Read there and not here: https://api.runpod.ai/v2/ID of RunPod, or an Octavo server.",
        pattern=r"^https?://[^/\s]+",
    )
    endpoint_key: SecretStr | None = knob(None, "Key for it. Never logged.", environment=("RUNPOD_API_KEY",))
    endpoint_seconds: float = knob(
        1800.0, "How long it may take over a document, waiting included.", gt=0, exceeded=EngineTimeout
    )


class BatchSettings(Elsewhere, OnRay, Price, Share):
    """What lives as long as a batch of documents."""

    shapes: tuple[Shape, ...] = knob(
        (Shape.FOLDERS,), "What is written: folders, parquet, jsonl, or several of them.", flag="as"
    )
    documents_per_file: int = knob(1000, "Documents whose rows share a file, about.", ge=1)
    unpacked_bytes: int = knob(
        64 << 30,
        "Most bytes that a compressed tar may unpack to, on this machine's disk.",
        ge=1,
        exceeded=SourceTooLarge,
    )
    sample: int = knob(5, "Documents that a dry run reads for its quote.", ge=1)
