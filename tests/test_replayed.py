"""Yesterday's client, today's worker: every request of the table, field by field."""

import pytest
from replayed import CASES, DROP_INS, ENVIRONMENT, RESULT, WARMUP, Case, documents

from octavo.jobs.encoding import Reply
from octavo.jobs.worker import Call, Worker
from octavo.parser import Parser
from octavo.settings import EngineSettings, ParseOptions, WorkerSettings, resolve


async def answer(case: Case, address: str) -> Reply:
    variables = ENVIRONMENT | dict(case.environment)
    async with Parser(resolve(EngineSettings, {}, variables).values) as parser:
        options, settings = resolve(ParseOptions, {}, variables).values, resolve(WorkerSettings, {}, variables).values
        return await Worker(parser, options, settings).run(Call.of(case.at(address)))


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
async def test_each_request_gets_the_reply_its_client_expects(case: Case) -> None:
    async with documents() as address:
        assert not case.wrong(await answer(case, address), address)


def test_the_table_has_what_it_promises() -> None:
    assert len(CASES) >= 60
    assert len({case.name for case in CASES}) == len(CASES)
    assert len(DROP_INS) == 10


async def test_the_table_notices_a_field_that_is_missing_or_of_another_type() -> None:
    cases = {case.name: case for case in CASES}
    readme, warmup, failing = cases["readme"], cases["warmup"], cases["no-source"]
    async with documents() as address:
        for case, shape in ((readme, RESULT), (warmup, WARMUP)):
            reply = await answer(case, address)
            for name in shape:
                rest = {key: value for key, value in reply["result"].items() if key != name}
                assert case.wrong(reply | {"result": rest}, address), name
                assert case.wrong(reply | {"result": rest | {name: 0.5}}, address), name
            assert not case.wrong(reply, address)
            assert case.wrong(reply | {"error": None}, address)
        assert readme.wrong(reply, address)  # the warm-up's
        failed = await answer(failing, address)
        assert failing.wrong(failed | {"error": "something went wrong"}, address)
        assert failing.wrong({"status": "error", "error": failed["error"]}, address)
