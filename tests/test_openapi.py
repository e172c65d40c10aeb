"""What OpenAPI says is what is answered: requests made from the description find nothing it does not say."""

import asyncio
import os
from pathlib import Path

import pytest
from serving import running

PROGRAM = Path(__file__).parents[1] / ".venvs" / "clients" / "bin" / "st"
# Not asked: whether what fits the schema is taken (a source that is no document is refused), and statuses of 500 and
# above by themselves, which an address that does not answer has; of ours there must be none.
LEFT_OUT = "positive_data_acceptance,negative_data_rejection,not_a_server_error,unsupported_method"


@pytest.mark.slow
async def test_requests_made_from_the_description_are_answered_as_it_says(tmp_path: Path) -> None:
    if not os.access(PROGRAM, os.X_OK):
        pytest.skip("schemathesis is not installed: make clients-env")
    async with running() as server:
        process = await asyncio.create_subprocess_exec(
            *(str(PROGRAM), "run", f"{server.url}/openapi.json", "--seed", "1", "--max-examples", "8"),
            *("--phases", "fuzzing", "--exclude-checks", LEFT_OUT, "--request-timeout", "30"),
            cwd=tmp_path,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said = (await process.communicate())[0].decode()
        metrics = await (await server.client.get("/metrics")).text()
    assert process.returncode == 0, said[-4000:]
    assert 'octavo_errors_total{code="internal"}' not in metrics
