"""Read a corpus: folders, buckets, lists, archives; on one machine or on many that share the target.

The same command on N machines shares the work: what is claimed, read and done is written in the target itself. A run
that was killed is gone on with by running it again. docs/scale.md has the whole of it.
"""

import asyncio
import json
import logging
import os
import signal
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from datetime import timedelta
from types import MappingProxyType
from typing import Any, TextIO

from octavo.corpus import quotes, stores
from octavo.corpus.batch import Batch
from octavo.corpus.endpoint import Endpoint
from octavo.corpus.on_ray import Cluster, Order
from octavo.corpus.readers import Local, Reader
from octavo.corpus.sources import Corpus
from octavo.corpus.stopping import Stop, Stopped
from octavo.errors import OptionInvalid
from octavo.frontends._batch_report import BatchReport
from octavo.frontends._exits import Exit
from octavo.frontends._flags import add_flags, explicit
from octavo.frontends._threads import process_is_ours
from octavo.settings import BatchSettings, EngineSettings, ParseOptions, PictureNames, resolve

_DEFAULTS = MappingProxyType(
    {
        "picture_names": PictureNames.DOCUMENT,
        "formats": ("markdown", "glmocr_json", "report", "crops"),  # nobody looks at a million overlays
    }
)
_ENDING = "ending: documents under way are given back; again ends at once"


def add_arguments(parser: ArgumentParser) -> None:
    parser.usage = "%(prog)s [options] SOURCE TARGET"
    parser.add_argument(
        "source",
        metavar="SOURCE",
        help="a folder, a pattern, s3://bucket/prefix (gs://, az://), a list (.txt, .jsonl, .parquet), or an archive",
    )
    parser.add_argument("target", metavar="TARGET", help="a folder, or s3://bucket/prefix (gs://, az://)")
    parser.add_argument("--dry-run", action="store_true", help="list, read a sample, say what all will take")
    parser.add_argument(
        "--ray",
        nargs="?",
        const="",
        metavar="ADDRESS",
        help="read on a Ray cluster [default: RAY_ADDRESS, or here]",
    )
    parser.add_argument("--overwrite", action="store_true", help="write into a target that has other files in it")
    parser.add_argument("--json", action="store_true", help="print events as lines of JSON")
    parser.add_argument("-q", "--quiet", action="store_true", help="no progress, no summary: errors only")
    parser.add_argument("-v", "--verbose", action="store_true", help="log what happens, with tracebacks")
    add_flags(parser, BatchSettings, ParseOptions, EngineSettings)


def run(arguments: Namespace) -> int:
    logging.basicConfig(level=logging.INFO if arguments.verbose else logging.CRITICAL)
    batch = resolve(BatchSettings, explicit(arguments, BatchSettings), os.environ).values
    if batch.endpoint and arguments.ray is not None:
        raise OptionInvalid("--ray and --endpoint exclude each other")
    options = resolve(ParseOptions, explicit(arguments, ParseOptions), os.environ, defaults=_DEFAULTS).values
    settings = resolve(EngineSettings, explicit(arguments, EngineSettings), os.environ).values
    corpus = Corpus(
        arguments.source,
        settings,
        target=arguments.target,
        pattern=batch.pattern,
        unpacked_bytes=batch.unpacked_bytes,
    )
    store = stores.opened(arguments.target)
    process_is_ours()
    stop = Stop()
    quiet, price = arguments.quiet, batch.price_per_hour
    with (
        _alone() if arguments.ray is not None else nullcontext(sys.stdout) as out,
        BatchReport(out, as_json=arguments.json, quiet=quiet, price_per_hour=price) as report,
    ):
        reader: Reader = Endpoint(batch, options) if batch.endpoint else Local(settings, options)
        cluster = None
        if arguments.ray is not None:
            order = Order.of(arguments.source, arguments.target, settings, options, batch)
            cluster = Cluster(arguments.ray, order, batch)
        work = Batch(corpus, store, reader, batch, report, stop, overwrite=arguments.overwrite, cluster=cluster)
        if arguments.dry_run:
            quote = asyncio.run(_quote(work, options, batch))
            _say(quote, as_json=arguments.json)
            return Exit.SUCCESS
        summary: dict[str, Any] | None = None
        with suppress(asyncio.CancelledError, Stopped):
            summary = asyncio.run(_read(work, stop, report))
        if cluster is not None:
            cluster.close()
        code = report.end(summary)
    match stop.signal:
        case None:
            return code
        case signal.SIGTERM:
            return Exit.TERMINATED
        case _:
            raise KeyboardInterrupt


@contextmanager
def _alone() -> Iterator[TextIO]:
    """Standard output for us alone: Ray and what it is made of print what they retry, which goes to standard error."""
    sys.stdout.flush()
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as own:
        os.dup2(2, 1)
        try:
            yield own
        finally:
            sys.stdout.flush()
            os.dup2(own.fileno(), 1)


async def _read(work: Batch, stop: Stop, report: BatchReport) -> dict[str, Any] | None:
    with stop.listening(lambda: report.note(_ENDING)):
        return await work.run()


async def _quote(work: Batch, options: ParseOptions, batch: BatchSettings) -> dict[str, Any]:
    """Nothing is written, and no lease taken."""
    share = await asyncio.to_thread(work.share)
    async with work.reader.opened():
        sampled = await quotes.read(quotes.chosen(share.to_read, batch.sample), work.corpus, work.reader)
    return {"done_before": share.done} | quotes.quote(share.to_read, sampled, options, batch.price_per_hour)


def _say(quote: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(quote, ensure_ascii=False) + "\n")
        return
    lines = [f"{quote['documents']} documents to read, {quote['bytes']} bytes; {quote['done_before']} done before"]
    if quote["based_on"] is None:
        lines.append("no document of the sample could be read: there is no quote")
    else:
        seconds = timedelta(seconds=round(quote["estimated_seconds"]))
        cost = "" if quote["estimated_usd"] is None else f", ${quote['estimated_usd']:.2f}"
        lines.append(f"about {quote['pages']} pages, {seconds} on one machine like this{cost}")
    for one in quote["sample"]:
        how = one["error"] or f"{one['pages']} pages in {one['seconds']:.2f} s"
        lines.append(f"  {one['document']}: {how}")
    sys.stdout.write("".join(f"{line}\n" for line in lines))
