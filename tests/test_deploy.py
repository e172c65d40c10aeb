"""What is deployed says the same as the code: hub files, pins, presets, workflows, the image's build arguments."""

import json
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement

from octavo.frontends import _presets
from octavo.settings import (
    LAYOUT_MODEL,
    LAYOUT_REVISION,
    EngineSettings,
    ParseOptions,
    ServeSettings,
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


def test_the_small_image_has_what_the_server_needs() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = {Requirement(line).name for line in (*project["dependencies"], *project["optional-dependencies"]["serve"])}
    listed = (ROOT / "deploy" / "requirements-serve.txt").read_text().splitlines()
    assert needed <= {Requirement(line).name for line in listed if not line.startswith("#")}


def test_compose_starts_what_there_is() -> None:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    known = {name for field in ServeSettings.model_fields for name in environment_names(ServeSettings, field)} | KNOWN
    for service in services.values():
        build = service["build"]
        assert (ROOT / ("Dockerfile" if build == "." else build["dockerfile"])).is_file()
        assert set(service["environment"]) <= known | ELSEWHERE
        assert "OCTAVO_KEYS_FILE" in service["environment"]


def test_a_default_build_needs_neither_git_nor_a_compiler() -> None:
    assert arguments()["GLMOCR_SOURCE"] == "glmocr@https://github.com/zai-org/GLM-OCR/archive/${GLMOCR_REF}.zip"
    assert not re.search(r"\bgit\+|apt-get|\bgcc\b", (ROOT / "Dockerfile").read_text())


def test_pip_does_not_see_what_the_distribution_installed(tmp_path: Path) -> None:
    """It could not remove it, and would stop where something newer is needed."""
    look = "import runpy, sys; sys.path.append('/usr/lib/python3/dist-packages'); sys.argv = ['install.py', 'list']; "
    look += (
        "runpy.run_module = lambda *a, **k: print(sys.path); runpy.run_path('deploy/install.py', run_name='__main__')"
    )
    shown = subprocess.run([sys.executable, "-c", look], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "site-packages" in shown
    assert "/usr/lib/python3/dist-packages" not in shown


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
        assert set(preset["defaults"]) <= KNOWN | ELSEWHERE


def hub_environment(preset: dict[str, str]) -> dict[str, str]:
    """What the hub sets where a user changes nothing but the preset: every input with its default."""
    return {entry["key"]: str(entry["input"].get("default", "")) for entry in HUB["config"]["env"]} | preset


@pytest.mark.parametrize("preset", [{}, *(preset["defaults"] for preset in HUB["config"]["presets"])])
def test_the_hub_s_values_are_values(preset: dict[str, str]) -> None:
    for model in MODELS:
        resolve(model, {}, hub_environment(preset))


@pytest.mark.parametrize("preset", HUB["config"]["presets"], ids=lambda preset: str(preset["name"]))
def test_the_hub_sets_nothing_that_a_preset_sets(preset: dict[str, Any]) -> None:
    """Its defaults arrive as variables, and those beat a preset."""
    environment = hub_environment(preset["defaults"])
    chosen = _presets.chosen(environment, ROOT)
    assert chosen
    for model in MODELS:
        origins = resolve(model, {}, environment, chosen).origins
        for field in model.model_fields:
            named = [name for name in environment_names(model, field) if name in chosen]
            assert not named or origins[field] == f"preset {named[0]}"


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
        assert re.fullmatch(r"[\w/-]+@[0-9a-f]{40}|\./\.github/workflows/[\w-]+\.yml", used), used
    assert re.search(r"^permissions:( \{\}|\n  contents: read\n)", text, re.MULTILINE)


def workflow(name: str) -> dict[str, Any]:
    content: dict[Any, Any] = yaml.safe_load((ROOT / ".github" / "workflows" / name).read_text())
    return {"on" if key is True else key: value for key, value in content.items()}  # YAML 1.1 reads `on` as true


BUILD, RELEASE = workflow("ghcr-build.yml"), workflow("runpod-release.yml")


def steps(job: dict[str, Any], action: str) -> list[dict[str, Any]]:
    return [step["with"] for step in job["steps"] if step.get("uses", "").startswith(f"{action}@")]


def test_pushes_are_built_and_pull_requests_only_tried() -> None:
    assert BUILD["on"] == {"push": {"branches": ["main"]}, "pull_request": None, "workflow_dispatch": None}
    (push,) = steps(BUILD["jobs"]["image"], "docker/build-push-action")
    assert push["push"] == "${{ github.event_name != 'pull_request' }}"
    assert "if" not in BUILD["jobs"]["image"]


def test_every_push_has_tags_of_its_own() -> None:
    (meta,) = steps(BUILD["jobs"]["image"], "docker/metadata-action")
    assert set(meta["tags"].split()) == {"type=sha,format=short,prefix=sha-", "type=sha,format=long,prefix=sha-"}
    (push,) = steps(BUILD["jobs"]["image"], "docker/build-push-action")
    assert push["tags"] == "${{ steps.meta.outputs.tags }}"
    # A run of main shares its group with no other, so that none waits and is replaced.
    group = "image-${{ github.event_name == 'pull_request' && github.ref || github.run_id }}"
    assert BUILD["concurrency"]["group"] == group
    assert BUILD["concurrency"]["cancel-in-progress"] == "${{ github.event_name == 'pull_request' }}"
    assert not any("concurrency" in job for job in (*BUILD["jobs"].values(), *RELEASE["jobs"].values()))


def test_latest_and_main_go_to_the_newest_commit_that_has_an_image() -> None:
    job = BUILD["jobs"]["newest"]
    assert job["needs"] == "image"
    assert "github.ref == 'refs/heads/main'" in job["if"]
    assert moved(job["steps"][-1]["run"], commits=["new", "mine", "old"], images={"mine", "old"}) == ["mine"]
    assert moved(job["steps"][-1]["run"], commits=["new", "mine"], images={"mine"}, later={"new"}) == ["mine", "new"]


def moved(
    script: str, *, commits: list[str], images: set[str], later: frozenset[str] | set[str] = frozenset()
) -> list[str]:
    """Run the step with doubles of `gh` and `docker`: the commits that `latest` and `main` are moved to, in order.

    `later` are images that appear while the tags are moved.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "gh").write_text("#!/bin/sh\nprintf '%s\\n' " + " ".join(commits) + "\n")
        (folder / "docker").write_text(
            "#!/bin/bash\n"
            'for last; do :; done; there="$HERE/images/${last##*:sha-}"\n'
            'if [ "$3" = inspect ]; then [ -e "$there" ]; exit; fi\n'
            'case "$*" in *"--tag ghcr.io/owner/octavo:latest --tag ghcr.io/owner/octavo:main "*) ;; *) exit 9;; esac\n'
            'echo "${last##*:sha-}" >> "$HERE/moved"; touch "$HERE"/later/* && cp "$HERE"/later/* "$HERE/images/"\n'
        )
        for tool in ("gh", "docker"):
            (folder / tool).chmod(0o755)
        for kind, some in (("images", images), ("later", later or {"none"})):
            (folder / kind).mkdir()
            for commit in some:
                (folder / kind / commit).touch()
        environment = {"PATH": f"{folder}:/usr/bin:/bin", "HERE": name, "REPOSITORY": "Owner/Octavo"}
        subprocess.run(["bash", "-e", "-c", script], env=environment, check=True, timeout=60)
        return (folder / "moved").read_text().split()


def test_a_pre_release_is_made_of_a_commit_whose_image_was_pushed() -> None:
    assert RELEASE["on"] == {"workflow_call": None, "workflow_dispatch": None}  # a push makes none by itself
    called = BUILD["jobs"]["release"]
    assert called["needs"] == "image"
    assert called["uses"] == "./.github/workflows/runpod-release.yml"
    assert called["if"] == "github.event_name == 'push'"
    job = RELEASE["jobs"]["prerelease"]
    assert job["env"]["COMMIT"] == "${{ github.sha }}"
    looks, makes = (step["run"] for step in job["steps"] if "run" in step)
    assert looks == 'docker manifest inspect "ghcr.io/${REPOSITORY,,}:sha-${COMMIT}" > /dev/null'
    assert '--target "$COMMIT" --prerelease' in makes
    assert all("continue-on-error" not in step and "if" not in step for step in job["steps"])


def test_a_push_may_ask_for_no_pre_release() -> None:
    skips = "!contains(github.event.head_commit.message, '[skip runpod]')"
    assert RELEASE["jobs"]["prerelease"]["if"] == f"github.event_name != 'push' || {skips}"


def test_nothing_is_assigned_over_the_caller_s_environment() -> None:
    script = (ROOT / "start.sh").read_text()
    assert not re.search(r"^\s*(export\s+)?[A-Z_]+=", script, re.MULTILINE)
    assert "exec " in script
