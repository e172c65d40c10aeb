"""Every error Octavo raises, with a stable code, whose fault it is, and whether trying again may help.

An error knows no transport: each front end keeps its own table from `Fault` to HTTP status or exit code. The
message is one line for the caller: what, which, what to do. It never holds a path of the host, a secret, a URL's
query, or text of the document.
"""

from enum import StrEnum
from typing import ClassVar


class Fault(StrEnum):
    """Who can mend it."""

    CALLER = "caller"  # the input or the options
    UPSTREAM = "upstream"  # a server we depend on: the source's host, the model's server, the bucket
    OURS = "ours"  # the installation or a defect


def shown(word: str, most: int = 60) -> str:
    """As much of a stranger's own word as one line of a message holds; `most` counts characters."""
    return "".join(letter if letter.isprintable() else "?" for letter in word[:most])


class OctavoError(Exception):
    """Base of all errors that leave this package."""

    code: ClassVar[str] = "internal"
    fault: ClassVar[Fault] = Fault.OURS
    retryable: ClassVar[bool] = False

    @property
    def message(self) -> str:
        return str(self)


# --- what the caller handed in -------------------------------------------------------------------------------


class SourceNotFound(OctavoError):
    """The file, folder or address does not exist."""

    code = "source_not_found"
    fault = Fault.CALLER


class SourceEmpty(OctavoError):
    """The source has no bytes (or the folder no documents)."""

    code = "source_empty"
    fault = Fault.CALLER


class SourceTooLarge(OctavoError):
    """The source has more bytes than the limit allows."""

    code = "source_too_large"
    fault = Fault.CALLER


class SourceInvalid(OctavoError):
    """The source cannot be understood: broken base64, a malformed URL, two sources where one is asked for."""

    code = "source_invalid"
    fault = Fault.CALLER


class AddressRefused(OctavoError):
    """The URL leads to an address this process must not call (loopback, private network, metadata service)."""

    code = "address_refused"
    fault = Fault.CALLER


class TypeUnsupported(OctavoError):
    """The bytes are neither a PDF nor an image format we read, or no PDF where a PDF is due."""

    code = "type_unsupported"
    fault = Fault.CALLER


class DocumentCorrupt(OctavoError):
    """The bytes claim to be a PDF or an image but cannot be opened."""

    code = "document_corrupt"
    fault = Fault.CALLER


class PasswordNeeded(OctavoError):
    """The PDF is encrypted and no password, or a wrong one, was given."""

    code = "password_needed"
    fault = Fault.CALLER


class DocumentHasNoPages(OctavoError):
    """The document opens, but has nothing in it to read."""

    code = "document_has_no_pages"
    fault = Fault.CALLER


class PagesInvalid(OctavoError):
    """The page selection is malformed or selects nothing."""

    code = "pages_invalid"
    fault = Fault.CALLER


class OptionInvalid(OctavoError):
    """An option, setting or job key is unknown or has a value it cannot have."""

    code = "option_invalid"
    fault = Fault.CALLER


class OutputTaken(OctavoError):
    """A file of that name is there already, and is not ours to replace: it was changed, or is another document's."""

    code = "output_taken"
    fault = Fault.CALLER


class LimitExceeded(OctavoError):
    """The document asks for more (pixels, pages, memory) than a named limit allows."""

    code = "limit_exceeded"
    fault = Fault.CALLER


class RequestInvalid(OctavoError):
    """A server has no such route, or not by that method, or cannot understand what stands in the request's head."""

    code = "request_invalid"
    fault = Fault.CALLER


class KeyNeeded(OctavoError):
    """The request has no key, or one that this server does not know."""

    code = "key_needed"
    fault = Fault.CALLER


class NotAllowed(OctavoError):
    """The key has not the scope for it, or the request comes from a page or for a host that this server is not."""

    code = "not_allowed"
    fault = Fault.CALLER


class JobUnknown(OctavoError):
    """There is no such job, page or file: never was, was deleted, was kept long enough, or is somebody else's."""

    code = "job_unknown"
    fault = Fault.CALLER


class JobNotOver(OctavoError):
    """What was asked for is there once the job has ended."""

    code = "job_not_over"
    fault = Fault.CALLER
    retryable = True


class JobCancelled(OctavoError):
    """The job was cancelled before it had ended."""

    code = "job_cancelled"
    fault = Fault.CALLER


# --- a part of a document that failed: mostly met as a `Problem`, raised only where nothing else is left ----------


class PageUnreadable(OctavoError):
    """One page cannot be drawn."""

    code = "page_unreadable"
    fault = Fault.CALLER


# --- servers we depend on ----------------------------------------------------------------------------------------


class SourceUnreachable(OctavoError):
    """The address does not answer, or answers with an error."""

    code = "source_unreachable"
    fault = Fault.UPSTREAM
    retryable = True


class EngineLost(OctavoError):
    """The model's server went away, or kept failing after retries."""

    code = "engine_lost"
    fault = Fault.UPSTREAM
    retryable = True


class EngineTimeout(OctavoError):
    """The model's server did not answer in time."""

    code = "engine_timeout"
    fault = Fault.UPSTREAM
    retryable = True


class EngineRefused(OctavoError):
    """The model's server rejects the request (HTTP 4xx): trying again will not help."""

    code = "engine_refused"
    fault = Fault.UPSTREAM


class DeliveryFailed(OctavoError):
    """The result could not be put where it was asked for."""

    code = "delivery_failed"
    fault = Fault.UPSTREAM
    retryable = True


# --- ours --------------------------------------------------------------------------------------------------------


class EngineUnavailable(OctavoError):
    """The engine asked for cannot run here: a package, weights or a program is missing. The message says which."""

    code = "engine_unavailable"


class PageNotBuilt(OctavoError):
    """The proof page is not in this installation: it was built where Node.js or its registry was missing."""

    code = "page_not_built"


class EngineFailed(OctavoError):
    """An engine raised something nobody expected."""

    code = "engine_failed"


class ResourcesExhausted(OctavoError):
    """This machine has no memory, disk space, files or processes left for it; elsewhere or later it may go well."""

    code = "resources_exhausted"
    retryable = True


class Overloaded(OctavoError):
    """There is no room for another job, or for more bytes, right now: send it again later."""

    code = "overloaded"
    retryable = True


class JobAbandoned(OctavoError):
    """Every server that took the job ended while it ran: it may be what ended them."""

    code = "job_abandoned"


class TimeBudgetSpent(OctavoError):
    """The job's time ran out; what was finished is in the result."""

    code = "time_budget_spent"
    fault = Fault.CALLER


def of_code(code: str, message: str) -> OctavoError:
    """The error that another process says by its code; OctavoError itself for one that is not known here."""
    kinds: list[type[OctavoError]] = [OctavoError]
    for kind in kinds:
        kinds += kind.__subclasses__()
    return next((kind for kind in kinds if kind.code == code), OctavoError)(message)
