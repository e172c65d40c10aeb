"""The real SDK's loop against a loopback queue: no job lost, none stuck, none answered twice, nothing leaked."""

import asyncio
import base64
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path

import pytest
from bucket import SECRET, loopback_bucket
from loopback_queue import LoopbackQueue, Ticket
from PIL import Image, ImageDraw
from replayed import DROP_INS, ENVIRONMENT, documents
from test_start import A40

pytest.importorskip("runpod", reason="the RunPod SDK is not installed: pip install --no-deps runpod==1.12.0")
pytestmark = pytest.mark.slow

HERE = Path(__file__).parent


def page(text: str = "text") -> str:
    picture = Image.new("RGB", (200, 100), "white")
    ImageDraw.Draw(picture).text((20, 40), text, fill="black")
    data = BytesIO()
    picture.save(data, "PNG")
    return base64.b64encode(data.getvalue()).decode()


PAGE = page()
DROP_IN = ENVIRONMENT | {"OCTAVO_RECOGNIZER": "sleepy"}


@contextlib.asynccontextmanager
async def working(queue: LoopbackQueue, log: Path, **environment: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A worker process on this queue; at the end it must go with exit code 0 when asked to."""
    variables = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("OCTAVO", "RUNPOD", "GLMOCR"))},
        **queue.environment,
        "OCTAVO_DETECTOR": "whole_page",
        "OCTAVO_RECOGNIZER": "sleepy",
        "OCTAVO_SLEEP": "0.05",
        "OCTAVO_ORIENTATION": "off",
        "OCTAVO_PRESET": "none",
        "WORKER_MAX_CONCURRENCY": "8",
        **environment,
    }
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(HERE / "worker_process.py"),
            env=variables,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            yield process
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(process.wait(), 30) == 0
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # the SDK's heartbeat outlives a worker that was killed
            await process.wait()


async def answered(tickets: list[Ticket], seconds: float = 90) -> None:
    async with asyncio.timeout(seconds):
        for ticket in tickets:
            await ticket.answered.wait()


def assert_nothing_leaked(queue: LoopbackQueue, log: Path, *secrets: str) -> None:
    answers = [ticket.posts + ticket.chunks + ticket.progress for ticket in queue.tickets.values()]
    said = json.dumps(answers) + log.read_text()
    for secret in ("Traceback", str(HERE.parent), "must-not-leak", "secret-of-the-caller", *secrets):
        assert secret not in said


async def test_two_hundred_mixed_jobs_are_answered_once_each(tmp_path: Path) -> None:
    good = {"image_base64": PAGE}
    kinds = [
        good,
        {"images_base64": [PAGE, PAGE], "output_format": "markdown"},
        {"image_base64": PAGE, "return_crop_images": "yes", "return_layout_visualization": 1},
        {"image_base64": PAGE, "no_such_key": "secret-of-the-caller"},
        {"image_base64": PAGE, "output_format": "secret-of-the-caller"},
        {"pdf_base64": "bm90IGEgcGRm"},
        {"image_url": "http://127.0.0.1:1/private?token=secret-of-the-caller"},
        {},
        "not an object",
    ]
    order = [kinds[n % len(kinds)] for n in range(200)]
    random.Random(7).shuffle(order)
    log = tmp_path / "log"
    async with LoopbackQueue() as queue, working(queue, log):
        tickets = [await queue.submit(payload) for payload in order]
        await answered(tickets)
        assert all(len(ticket.posts) == 1 for ticket in tickets)
        for ticket in tickets:
            if ticket.input is good:
                assert ticket.output["status"] == "success"
                assert ticket.output["result"]["markdown_result"].strip() == "[text]"
        codes = {ticket.code for ticket in tickets if ticket.error}
        assert codes == {"option_invalid", "type_unsupported", "address_refused", "source_invalid"}
        assert 1 < queue.taken_at_once <= 16  # 8 at work, and at most as many that wait for a download
        assert queue.pings
    assert_nothing_leaked(queue, log)


async def test_yesterday_s_client_gets_what_it_expects(tmp_path: Path) -> None:
    log = tmp_path / "log"
    async with documents() as address, LoopbackQueue() as queue, working(queue, log, **DROP_IN):
        tickets = [(case, await queue.submit(**case.at(address))) for case in DROP_INS]
        await answered([ticket for _, ticket in tickets])
        for case, ticket in tickets:
            assert ticket.status == ("FAILED" if case.code else "COMPLETED"), case.name
            assert "error" not in ticket.output, case.name
            reply = ticket.output if ticket.error is None else ticket.output | {"error": ticket.error}
            assert not case.wrong(reply, address), case.name
            if case.code:
                assert set(ticket.output) == {"status", "error_details"}, case.name
    assert_nothing_leaked(queue, log)
    assert "X-Signature" not in log.read_text()


async def test_an_endpoint_may_keep_its_errors_as_json(tmp_path: Path) -> None:
    log = tmp_path / "log"
    async with LoopbackQueue() as queue, working(queue, log, OCTAVO_ERROR_TEXT="json"):
        ticket = await queue.submit({"pdf_url": ""})
        await answered([ticket])
        said = json.loads(ticket.error or "")
        assert said == ticket.output["error_details"]
        assert (said["code"], said["fault"], said["retryable"]) == ("source_invalid", "caller", False)


async def test_a_cancelled_job_posts_nothing_and_the_others_go_on(tmp_path: Path) -> None:
    log = tmp_path / "log"
    async with LoopbackQueue() as queue, working(queue, log, OCTAVO_SLEEP="2"):
        doomed = await queue.submit({"image_base64": PAGE})
        other = await queue.submit({"image_base64": PAGE})
        await asyncio.wait_for(asyncio.gather(doomed.taken.wait(), other.taken.wait()), 30)
        await asyncio.sleep(0.5)
        queue.cancel(doomed)
        await answered([other])
        await asyncio.sleep(1)
        assert not doomed.posts
        assert other.output["status"] == "success"
    assert_nothing_leaked(queue, log)


async def test_sigterm_lets_every_job_that_was_taken_end(tmp_path: Path) -> None:
    log = tmp_path / "log"
    async with LoopbackQueue(poll_seconds=20) as queue, working(queue, log, OCTAVO_SLEEP="1.5") as process:
        first = await queue.submit({"image_base64": PAGE})
        await asyncio.wait_for(first.taken.wait(), 30)
        await asyncio.sleep(0.3)
        process.send_signal(signal.SIGTERM)
        late = await queue.submit({"image_base64": PAGE})
        assert await asyncio.wait_for(process.wait(), 15) == 0
        assert first.output["status"] == "success"
        assert late.state == "queued" or late.output["status"] == "success"


async def test_results_arrive_although_posting_fails_for_a_while(tmp_path: Path) -> None:
    log = tmp_path / "log"
    async with LoopbackQueue() as queue, working(queue, log):
        queue.refuse(500, 503, 0, 500)  # more than the SDK's own three attempts
        ticket = await queue.submit({"image_base64": PAGE})
        await answered([ticket], 60)
        assert ticket.output["status"] == "success"


async def test_a_result_the_platform_refuses_becomes_an_error_that_says_so(tmp_path: Path) -> None:
    log = tmp_path / "log"
    async with LoopbackQueue(result_limit=1500) as queue, working(queue, log):
        job = {"images_base64": [PAGE] * 4}
        ticket = await queue.submit(job)
        await answered([ticket])
        assert ticket.code == "delivery_failed"


async def test_an_oversize_result_says_what_fits_and_what_to_do(tmp_path: Path) -> None:
    log = tmp_path / "log"
    async with LoopbackQueue() as queue, working(queue, log, OCTAVO_RUN_REPLY_BYTES="10000"):
        pictures = {"images_base64": [page("x" * 20)] * 3, "return_layout_visualization": True}
        ticket = await queue.submit(pictures | {"layout_visualization_base64": True})
        await answered([ticket])
        assert ticket.code == "limit_exceeded"
        assert ticket.output["result"]["page_count"] == 3


async def test_progress_never_comes_after_the_result(tmp_path: Path) -> None:
    log = tmp_path / "log"
    async with LoopbackQueue() as queue, working(queue, log, OCTAVO_SLEEP="0.4", OCTAVO_PAGES_IN_FLIGHT="1"):
        tickets = [await queue.submit({"images_base64": [PAGE] * 6}) for _ in range(4)]
        await answered(tickets)
        await asyncio.sleep(1)
        assert any(ticket.progress for ticket in tickets)
        assert not any(ticket.late_progress for ticket in tickets)


async def test_pages_stream_in_order_and_the_last_chunk_says_how_it_ended(tmp_path: Path) -> None:
    log = tmp_path / "log"
    async with LoopbackQueue() as queue, working(queue, log, STREAM="true"):
        ticket = await queue.submit({"images_base64": [PAGE] * 3})
        bad = await queue.submit({"images_base64": []})
        await answered([ticket, bad])
        assert [chunk.get("page") for chunk in ticket.chunks] == [1, 2, 3, None]
        assert ticket.chunks[-1]["status"] == "success"
        assert bad.status == "FAILED"
        assert [set(output) for output in bad.output] == [{"status", "error_details"}]


async def test_a_spent_time_budget_gives_the_finished_pages(tmp_path: Path) -> None:
    log = tmp_path / "log"
    slow = {"OCTAVO_SLEEP": "0.5", "OCTAVO_PAGES_IN_FLIGHT": "1", "GLMOCR_PARSE_TIMEOUT_SECONDS": "2"}
    async with LoopbackQueue() as queue, working(queue, log, **slow):
        ticket = await queue.submit({"images_base64": [PAGE] * 12})
        await answered([ticket])
        result = ticket.output["result"]
        assert ticket.output["status"] == "partial"
        assert 0 < sum(problem["code"] == "time_budget_spent" for problem in result["problems"]) < 12
        assert "[text]" in result["markdown_result"]


async def test_a_job_may_ask_for_its_pages_one_by_one(tmp_path: Path) -> None:
    log = tmp_path / "log"
    async with LoopbackQueue() as queue, working(queue, log):
        streamed = await queue.submit({"images_base64": [PAGE] * 2, "stream": "true"})
        whole = await queue.submit({"images_base64": [PAGE] * 2})
        await answered([streamed, whole])
        assert [chunk.get("page") for chunk in streamed.chunks] == [1, 2, None]
        assert isinstance(streamed.output, list)
        assert not whole.chunks
        assert whole.output["result"]["page_count"] == 2


async def test_a_poisonous_job_is_answered_and_the_worker_lives(tmp_path: Path) -> None:
    log = tmp_path / "log"
    poison = [
        {"images_base64": [PAGE] * 2, "label_task_mapping": {"text": {"a": 1}}},
        {"pdf_base64": base64.b64encode(b"%PDF-1.7\n" + b"(" * 500_000).decode()},
        {"image_base64": base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"\xff" * 1000).decode()},
        {"image_base64": PAGE, "dpi": 1e308},
        {"image_base64": "\ud800"},
        {"pdf_url": "http://[::1"},
        {"image_base64": PAGE, "pages": "1-999999999999999999999"},
        {"input": {"input": {"input": []}}},
        None,
        [[[]]],
    ]
    async with LoopbackQueue() as queue, working(queue, log):
        queue.spoil([{"input": {}}, {"id": 7, "input": {}}, "no job", None])
        tickets = [await queue.submit(payload) for payload in poison]
        good = await queue.submit({"image_base64": PAGE})
        await answered([*tickets, good])
        assert all(len(ticket.posts) == 1 and ticket.error for ticket in tickets)
        assert all(ticket.code != "internal" for ticket in tickets)
        assert good.output["status"] == "success"
    assert_nothing_leaked(queue, log)


async def test_a_killed_worker_s_job_goes_on_in_the_next(tmp_path: Path) -> None:
    volume, job = tmp_path / "volume", {"images_base64": [PAGE] * 6}
    volume.mkdir()
    slow = {"OCTAVO_SLEEP": "0.5", "OCTAVO_PAGES_IN_FLIGHT": "1", "RUNPOD_VOLUME_PATH": str(volume)}
    async with LoopbackQueue() as queue:
        with contextlib.suppress(AssertionError):  # it does not go with exit code 0 this time
            async with working(queue, tmp_path / "log", **slow) as process:
                lost = await queue.submit(job)
                async with asyncio.timeout(60):
                    while len(list(volume.rglob("*.json"))) < 3:  # noqa: ASYNC110  another process writes them
                        await asyncio.sleep(0.05)
                process.kill()
                await process.wait()
        kept = len(list(volume.rglob("*.json")))
        assert not lost.posts
        async with working(queue, tmp_path / "log-of-the-next", **slow):
            again = await queue.submit(job)
            await answered([again])
            assert again.output["status"] == "success"
            assert again.output["result"]["run_info"]["pages_from_checkpoint"] == kept
        assert not list(volume.rglob("*.json"))


async def test_a_worker_tests_itself_when_it_has_nothing_to_do(tmp_path: Path) -> None:
    volume, log = tmp_path / "volume", tmp_path / "log"
    volume.mkdir()
    asked = {"SELFTEST": "1", "RUNPOD_VOLUME_PATH": str(volume), "MAX_PAGES_PER_JOB": "4", "PRICE_PER_HOUR": "2"}
    async with LoopbackQueue() as queue, working(queue, log, **asked):
        first = await queue.submit({"images_base64": [PAGE] * 3})
        await answered([first])
        async with asyncio.timeout(60):
            while not (kept := list(volume.rglob("*.json"))):  # noqa: ASYNC110  another process writes it
                await asyncio.sleep(0.05)
        second = await queue.submit({"image_base64": PAGE})
        await answered([second])
        for ticket in (first, second):
            assert ticket.output["status"] == "success"
            assert ticket.output["result"]["usage"]["usd"] > 0
    [file] = kept
    found = json.loads(file.read_text())
    assert found["right"] is False  # the engine says `[text]` to everything
    assert "selftest_wrong" in log.read_text()
    assert_nothing_leaked(queue, log, "hidden machine")


async def test_files_go_to_the_bucket_beside_the_input(tmp_path: Path) -> None:
    log = tmp_path / "log"
    shown = {"return_layout_visualization": True, "layout_visualization_base64": True}
    small = {"OCTAVO_RUN_REPLY_BYTES": "12000", "OCTAVO_ALLOW_PRIVATE_ADDRESSES": "true"}
    with loopback_bucket() as bucket:
        async with LoopbackQueue() as queue, working(queue, log, **small):
            ticket = await queue.submit({"images_base64": [PAGE] * 4} | shown, s3Config=bucket.s3_config)
            await answered([ticket])
            assert ticket.output["status"] == "success"
            assert all("url" in picture for picture in ticket.output["result"]["layout_visualizations"])
        assert len(bucket.files()) == 4
        assert_nothing_leaked(queue, log, SECRET)


GLM_OCR = {"OCTAVO_ENGINE": "glm-ocr", "OCTAVO_RECOGNIZER": "openai", "VLLM_PORT": "0", "SPECULATIVE_CONFIG": ""}


def a_vllm(folder: Path, behaviour: str) -> dict[str, str]:
    """A program that looks like vLLM, and what makes the worker start it."""
    program = folder / "vllm"
    program.write_text(f'#!/bin/sh\nsleep 2\nexec "{sys.executable}" "{HERE.parent}/fake_vllm.py" {behaviour} "$@"\n')
    program.chmod(0o755)
    return GLM_OCR | {"OCTAVO_VLLM_COMMAND": str(program), "FAKE_VLLM_NOTES": str(folder / "notes")}


async def test_jobs_are_taken_while_the_model_boots(tmp_path: Path) -> None:
    log = tmp_path / "log"
    async with LoopbackQueue() as queue, working(queue, log, **a_vllm(tmp_path, "works")):
        ticket = await queue.submit({"image_base64": PAGE})
        await answered([ticket])
        assert ticket.output["result"]["markdown_result"].startswith("read by")
    said = log.read_text()
    assert said.index("job_started") < said.index("vllm_ready")
    assert_nothing_leaked(queue, log)


async def test_the_environment_of_an_earlier_worker_runs(tmp_path: Path) -> None:
    """All its lines, on a port that is free; what does nothing is said in one line."""
    log = tmp_path / "log"
    pasted = A40 | a_vllm(tmp_path, "works") | {"VLLM_HOST": "127.0.0.1"}
    async with LoopbackQueue() as queue, working(queue, log, **pasted):
        ticket = await queue.submit({"image_base64": PAGE})
        await answered([ticket])
        assert ticket.output["result"]["markdown_result"].startswith("read by")
        assert ticket.output["result"]["run_info"]["profile"] == "official"
    lines = [line for line in log.read_text().splitlines() if "environment_without_effect" in line]
    assert len(lines) == 1
    assert "GLMOCR_PAGE_MAXSIZE" in lines[0]
    assert_nothing_leaked(queue, log)


async def test_a_model_that_never_comes_up_ends_the_worker_and_answers_its_jobs(tmp_path: Path) -> None:
    log = tmp_path / "log"
    async with LoopbackQueue() as queue:
        with contextlib.suppress(AssertionError):  # it does not go with exit code 0
            async with working(queue, log, **a_vllm(tmp_path, "dies")) as process:
                ticket = await queue.submit({"image_base64": PAGE})
                await asyncio.wait_for(process.wait(), 60)
        assert process.returncode == 1
        assert [post["output"]["status"] for post in ticket.posts] == ["error"]
        assert (ticket.code, ticket.output["error_details"]["fault"]) == ("engine_unavailable", "ours")
        assert_nothing_leaked(queue, log, "hf_abcdef", "/opt/models")
    [said] = [line for line in log.read_text().splitlines() if line.startswith("octavo: ")]
    assert "vLLM ended with exit code 1 before it was healthy" in said
    assert "ValueError: no such thing in config.json" in log.read_text()


async def test_a_machine_without_the_model_s_server_is_reported_unfit(tmp_path: Path) -> None:
    log = tmp_path / "log"
    async with LoopbackQueue() as queue:
        with contextlib.suppress(AssertionError):  # it does not go with exit code 0
            async with working(queue, log, **GLM_OCR, OCTAVO_VLLM_COMMAND="no-such-program") as process:
                ticket = await queue.submit({"image_base64": PAGE})
                await asyncio.wait_for(process.wait(), 60)
        assert process.returncode == 1
        assert ticket.state == "queued"  # another worker will take it
        assert queue.unfit
    assert "no-such-program" in log.read_text()


def test_a_loop_that_hangs_ends_the_process() -> None:
    program = """
import asyncio, logging, time
from octavo.frontends import _runpod_sdk
logging.basicConfig()
async def main():
    with _runpod_sdk.Watchdog(1.0):
        await asyncio.sleep(0.1)
        time.sleep(60)
asyncio.run(main())
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1
    assert "event_loop_hung seconds=1 at=__main__:" in done.stderr


def test_the_sample_job_runs_without_a_queue(tmp_path: Path) -> None:
    environment = {**os.environ, "OCTAVO_DETECTOR": "whole_page", "OCTAVO_RECOGNIZER": "scripted"}
    environment |= {"OCTAVO_ORIENTATION": "off", "OCTAVO_PRESET": "none", "WORKER_MODE": "queue"}
    root = HERE.parents[1]
    done = subprocess.run(
        [sys.executable, "handler.py"],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "[text]" in done.stdout + done.stderr
