"""Telling an address that a job has ended: signed, so that it can be believed, and again where it was not heard.

What is told names the job and how it ended, and holds nothing of the document. The signature is as Stripe has it:
`Octavo-Signature: t=SECONDS,v1=HEX`, where HEX is the HMAC-SHA256 of `SECONDS.BODY` under webhook_secret; a
receiver refuses what is old.
"""

import hashlib
import hmac
import logging
from datetime import UTC, datetime

from octavo import guarded_http
from octavo.errors import OctavoError
from octavo.jobs.encoding import encoded
from octavo.jobs.entries import JobEntry

log = logging.getLogger(__name__)

HEADER = "Octavo-Signature"
_PAUSES = (10.0, 60.0, 300.0, 1800.0, 7200.0)  # seconds before the second try, the third ...


def body_of(entry: JobEntry) -> bytes:
    """What is told."""
    ended = None if entry.ended is None else datetime.fromtimestamp(entry.ended, UTC).isoformat()
    return encoded(
        {
            "id": entry.id,
            "status": entry.status.value,
            "ended_at": ended,
            "pages": {"selected": entry.pages, "done": entry.done},
            "error_details": entry.error,
            "result": f"/v1/jobs/{entry.id}/result",
        }
    )


def signature(secret: str, body: bytes, now: int) -> str:
    """What the header says."""
    digest = hmac.new(secret.encode(), f"{now}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={now},v1={digest}"


async def tell(entry: JobEntry, secret: str, now: int, *, allow_private: bool) -> bool:
    """Whether the address took it: a status of 200 to 299."""
    body = body_of(entry)
    headers = {"Content-Type": "application/json", HEADER: signature(secret, body, now)}
    try:
        status = await guarded_http.post(entry.webhook or "", body, headers, allow_private=allow_private)
    except OctavoError as error:
        log.warning("webhook_not_heard job=%s code=%s", entry.id, error.code)
        return False
    if status >= 300:
        log.warning("webhook_not_heard job=%s status=%d", entry.id, status)
    return status < 300


def again_in(tries: int) -> float | None:
    """Seconds until the next try, after so many; None where it is given up."""
    return _PAUSES[tries - 1] if tries <= len(_PAUSES) else None
