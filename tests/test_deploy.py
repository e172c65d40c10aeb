"""What is deployed says the same as the code: hub files, pins, presets, workflows, the image's build arguments."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from octavo.settings import (
    LAYOUT_MODEL,
    LAYOUT_REVISION,
    EngineSettings,
    ParseOptions,
    WorkerSettings,
    environment_names,
    resolve,
)
from octavo.weights import hub_cache

ROOT = Path(__file__).parents[1]
HUB: dict[str, Any] = json.loads((ROOT / ".runpod" / "hub.json").read_text())
TESTS: dict[str, Any] = json.loads((ROOT / ".runpod" / "tests.json").read_text())
MODELS = (EngineSettings, WorkerSettings, ParseOptions)
KNOWN = {name for model in MODELS for field in model.model_fields for name in environment_names(model, field)}
ELSEWHERE = {"OCTAVO_PRESET", "WORKER_MODE", "RUNPOD_INIT_TIMEOUT", "HF_TOKEN"}
CONTRACT_PINS = {
    "VLLM_BASE_IMAGE": "vllm/vllm-openai:nightly-d00df624f313a6a5a7a6245b71448b068b080cd7"
    "@sha256:3f5ad92f63e3f4b0073cca935a976d4cbf2a21e22cf06a95fd6df47759e10e04",
    "GLMOCR_REF": "529a0c7ee9aecf55095e6fa6d9da08e4bb3bc2a9",
    "TRANSFORMERS_VERSION": "5.2.0",
    "TOKENIZERS_VERSION": "0.22.2",
    "HUGGINGFACE_HUB_VERSION": "1.4.1",
    "TQDM_VERSION": "4.67.1",
}


def arguments() -> dict[str, str]:
    found = re.findall(r"^ARG (\w+)=(\S+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    return dict(found)


def pins(name: str) -> dict[str, str]:
    lines = (ROOT / "deploy" / "pins" / f"{name}.env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def test_the_image_is_built_from_the_contract_s_pins() -> None:
    assert CONTRACT_PINS.items() <= arguments().items()
    assert CONTRACT_PINS.items() <= pins("contract").items()
    for name in ("contract", "2026-11"):
        assert set(pins(name)) <= set(arguments()), name


def test_the_baked_layout_network_is_the_one_that_is_looked_for() -> None:
    assert (arguments()["LAYOUT_MODEL"], arguments()["LAYOUT_REVISION"]) == (LAYOUT_MODEL, LAYOUT_REVISION)
    assert f"cache_dir='{hub_cache.BAKED}'" in (ROOT / "Dockerfile").read_text()


def test_the_image_has_what_the_package_needs() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = {
        Requirement(line).name for line in (*project["dependencies"], *project["optional-dependencies"]["runpod"])
    }
    listed = (ROOT / "deploy" / "requirements-worker.txt").read_text().splitlines()
    assert needed <= {Requirement(line).name for line in listed if not line.startswith("#")}


def test_the_dockerfile_keeps_to_what_every_builder_knows() -> None:
    text = (ROOT / "Dockerfile").read_text()
    assert "<<" not in text  # heredocs: buildah 1.28 refuses them
    assert "ENTRYPOINT []" in text
    assert 'CMD ["/app/start.sh"]' in text
    assert "/runpod-volume/" not in text


def test_the_hub_s_file() -> None:
    assert HUB["type"] == "serverless"
    assert HUB["category"] in {"audio", "embedding", "language", "video", "image"}
    assert len(HUB["description"]) <= 190
    config = HUB["config"]
    assert config["containerDiskInGb"] >= 40
    assert not {"env", "presets"} & set(HUB)
    for entry in config["env"]:
        assert set(entry) in ({"key", "input"}, {"key", "value"})
        shown = entry.get("input", {})
        assert shown.get("type", "string") in {"string", "number", "boolean", "huggingface"}
        assert len(shown.get("description", "")) <= 190
        assert entry["key"] in KNOWN | ELSEWHERE, entry["key"]
    for preset in config["presets"]:
        assert set(preset) == {"name", "defaults"}
        assert set(preset["defaults"]) <= KNOWN


@pytest.mark.parametrize("preset", [None, *(preset["defaults"] for preset in HUB["config"]["presets"])])
def test_the_hub_s_values_are_values(preset: dict[str, str] | None) -> None:
    shown = {entry["key"]: str(entry["input"]["default"]) for entry in HUB["config"]["env"] if "input" in entry}
    for model in MODELS:
        resolve(model, {}, shown | (preset or {}))
    if preset is None:
        engine = resolve(EngineSettings, {}, shown).values
        assert engine.speculative_config == EngineSettings().speculative_config


def test_the_hub_s_tests() -> None:
    assert set(TESTS) == {"tests", "config"}
    for test in TESTS["tests"]:
        assert set(test) == {"name", "input", "timeout"}
        assert "url" not in "".join(test["input"])  # a test fetches nothing
    assert {entry["key"] for entry in TESTS["config"]["env"]} <= KNOWN | ELSEWHERE


@pytest.mark.parametrize("file", sorted((ROOT / ".github" / "workflows").glob("*.yml")), ids=lambda file: file.name)
def test_workflows_pin_actions_and_ask_for_little(file: Path) -> None:
    text = file.read_text()
    for used in re.findall(r"uses: (\S+)", text):
        assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", used), used
    assert re.search(r"^permissions:( \{\}|\n  contents: read\n)", text, re.MULTILINE)


def test_the_workflows_of_the_contract() -> None:
    build = (ROOT / ".github" / "workflows" / "ghcr-build.yml").read_text()
    for said in ("type=raw,value=latest", "type=ref,event=branch", "type=sha,format=long,prefix=sha-", "pull_request"):
        assert said in build
    release = (ROOT / ".github" / "workflows" / "runpod-release.yml").read_text()
    for said in ("[skip runpod]", "workflow_dispatch", "--prerelease"):
        assert said in release


def test_nothing_is_assigned_over_the_caller_s_environment() -> None:
    script = (ROOT / "start.sh").read_text()
    assert not re.search(r"^\s*(export\s+)?[A-Z_]+=", script, re.MULTILINE)
    assert "exec " in script
