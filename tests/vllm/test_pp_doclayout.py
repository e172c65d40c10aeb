"""The real PP-DocLayoutV3 of transformers with a tiny random checkpoint, beside the official SDK's own detector."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

pytestmark = pytest.mark.vllm

HERE = Path(__file__).parent
PYTHON = HERE.parents[1] / ".venvs" / "vllm" / "bin" / "python"
OFFLINE = {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}


def run(*arguments: object, **environment: str) -> str:
    if not PYTHON.exists():
        pytest.skip("no vLLM environment: run tests/vllm/install_env.sh")
    done = subprocess.run(
        [PYTHON, *map(str, arguments)],
        env=OFFLINE | environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("layout")
    run(HERE / "tiny_models.py", "layout", folder)
    return folder


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("pictures")
    dice = np.random.default_rng(5)
    files = []
    for number, (width, height) in enumerate([(1240, 1754), (1754, 1240), (640, 480), (333, 2049)]):
        coarse = dice.integers(0, 256, (height // 40 + 1, width // 40 + 1, 3), dtype=np.uint8)
        file = folder / f"{number}.png"
        Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC).save(file)
        files.append(file)
    return files


@pytest.fixture(scope="module")
def found(checkpoint: Path, pictures: list[Path]) -> dict[str, Any]:
    return parity(checkpoint, pictures)


def parity(checkpoint: Path, files: list[Path], **environment: str) -> dict[str, Any]:
    output = run(HERE / "layout_parity.py", checkpoint, 0.2, *files, **environment)
    answer: dict[str, Any] = json.loads(output[output.index("\x1e") + 1 :])
    return answer


def test_the_same_boxes_outlines_and_order_as_the_sdk(found: dict[str, Any]) -> None:
    assert sum(map(len, found["theirs"])) > 40
    assert found["ours"] == found["theirs"]


def test_the_same_as_the_sdk_of_the_workers_image(checkpoint: Path, pictures: list[Path], tmp_path: Path) -> None:
    """0.1.1: always outlines, and no box within a row or column of its masks."""
    [*installed] = HERE.parents[1].glob(".venvs/official-0.1.1/lib/python*/site-packages/glmocr")
    if not installed:
        pytest.skip("the official SDK 0.1.1 is not installed: run tests/official/install_env.sh 0.1.1")
    (tmp_path / "glmocr").symlink_to(installed[0])
    found = parity(checkpoint, pictures, PYTHONPATH=os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]))
    assert sum(map(len, found["theirs"])) > 40
    assert found["ours"] == found["theirs"]


def test_outlines_follow_a_mask_as_the_sdks_do(found: dict[str, Any]) -> None:
    outlines = found["outlines"]
    assert sum(one is not None and len(one) > 4 for one, _ in outlines) > 100
    assert any(one is None for one, _ in outlines)
    for wanted, made in outlines:
        assert made == wanted


def test_outlines_are_extra(found: dict[str, Any]) -> None:
    boxes = [[{**region, "polygon": []} for region in page] for page in found["ours"]]
    assert found["without_polygons"] == boxes


def test_sizes_of_batches_are_tried_as_far_as_vllm_leaves_room(found: dict[str, Any]) -> None:
    assert found["warmed"] == {"78": [1, 4, 8, 16], "23": [1, 4], "15": [1], "2": []}


@pytest.mark.parametrize("way", ["in_batches", "filled"])
def test_a_batch_sees_what_its_pages_alone_would_show(found: dict[str, Any], way: str) -> None:
    """Sums of floats come in another order in a batch, so scores may differ in their last digits."""
    for batched, alone in zip(found[way], found["without_polygons"], strict=True):
        assert [region["label"] for region in batched] == [region["label"] for region in alone]
        for one, other in zip(batched, alone, strict=True):
            assert one["score"] == pytest.approx(other["score"], abs=1e-4)
            assert one["bbox_2d"] == pytest.approx(other["bbox_2d"], abs=1)


def test_the_regions_are_those_of_the_result(found: dict[str, Any]) -> None:
    assert found["parsed"] == [[region["label"] for region in page] for page in found["without_polygons"]]


def test_the_exported_network_sees_the_same(found: dict[str, Any]) -> None:
    for page in found["onnx"]:
        assert [row[0] for row in page["onnx"]] == [row[0] for row in page["torch"]]
        for one, other in zip(page["onnx"], page["torch"], strict=True):
            assert one[1:] == pytest.approx(other[1:], abs=0.01)
        assert page["itself"] > 0


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (
            "PaddlePaddle/PP-DocLayoutV3_safetensors",
            "`hf download PaddlePaddle/PP-DocLayoutV3_safetensors --revision 97d101e",
        ),
        ("someone/other-layout", "`hf download someone/other-layout` where there is a network"),
        ("{empty}", "the folder 'empty' holds no PP-DocLayoutV3"),
    ],
)
def test_a_missing_network_says_how_to_get_it(tmp_path: Path, model: str, said: str) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    script = (
        "import sys; from octavo.settings import EngineSettings\n"
        "from octavo.errors import EngineUnavailable\n"
        "from octavo.detectors.pp_doclayout import open_detector\n"
        "try: open_detector(EngineSettings(layout_model=sys.argv[1], model_cache=sys.argv[2]))\n"
        "except EngineUnavailable as error: print(error.message)"
    )
    message = run("-c", script, model.format(empty=empty), tmp_path)
    assert said in message
    assert str(tmp_path) not in message
