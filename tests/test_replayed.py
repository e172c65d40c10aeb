"""Yesterday's client, today's worker: every request of the table, field by field."""

import pytest
from replayed import CASES, DROP_INS, ENVIRONMENT, Case, documents

from octavo.jobs.replies import Reply
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
