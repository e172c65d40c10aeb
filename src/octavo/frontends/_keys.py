"""Who may ask: keys, of which only digests are written down.

A line of the file is `NAME SCOPES DIGEST`: a name for people and limits, `parse`, `admin` or both with a comma, and the
key's SHA-256. A key is 256 random bits, so that a plain digest is as good as a slow one. The file is read again when
it changes: a key is withdrawn by taking its line out.
"""

import hashlib
import hmac
import logging
import secrets
from collections.abc import Mapping
from pathlib import Path

from octavo.errors import KeyNeeded, OptionInvalid
from octavo.frozen import frozen

log = logging.getLogger(__name__)

SCOPES = ("parse", "admin")
_BYTES = 32
_BEGINNING = "octavo_"  # so that a scanner for secrets knows one


@frozen
class Key:
    """A caller."""

    name: str
    scopes: frozenset[str]
    digest: str = ""


NOBODY = Key("", frozenset(SCOPES))  # where no keys are asked for: this machine's own user, or whoever is let through


def made(name: str, scopes: str) -> tuple[str, str]:
    """A new key, and the line for the file. Raises OptionInvalid."""
    secret = _BEGINNING + secrets.token_urlsafe(_BYTES)
    line = f"{name} {scopes} {_digest(secret)}"
    _read(line)
    return secret, line


class KeyRing:
    """The keys of a file."""

    def __init__(self, file: Path) -> None:
        """Raises OptionInvalid."""
        self._file = file
        self._changed, self._keys = self._fresh()

    def whose(self, secret: str) -> Key:
        """Each key is compared, in a time that says nothing of how much is right. Raises KeyNeeded."""
        self._look_again()
        digest, found = _digest(secret), None
        for key in self._keys:
            if hmac.compare_digest(key.digest, digest):
                found = key
        if found is None:
            raise KeyNeeded("this server does not know the key")
        return found

    def _look_again(self) -> None:
        try:
            if self._file.stat().st_mtime_ns != self._changed:
                self._changed, self._keys = self._fresh()
        except (OSError, OptionInvalid) as error:
            log.error("keys_file_unusable error=%s", type(error).__name__)  # the keys it had hold

    def _fresh(self) -> tuple[int, tuple[Key, ...]]:
        try:
            changed, text = self._file.stat().st_mtime_ns, self._file.read_text("utf-8")
        except (OSError, ValueError) as error:
            raise OptionInvalid("keys_file: there is no such file, or it cannot be read") from error
        lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
        if not lines:
            raise OptionInvalid("keys_file: no key is in it")
        return changed, tuple(_read(line) for line in lines)


def secret_in(headers: Mapping[str, str]) -> str:
    """The key that a request carries, as the clients of each dialect send theirs. Raises KeyNeeded."""
    said = headers.get("authorization", "").strip()
    secret = said[7:].strip() if said[:7].lower() == "bearer " else said or headers.get("x-api-key", "").strip()
    if not secret:
        raise KeyNeeded("send your key: Authorization: Bearer KEY, or X-Api-Key: KEY")
    return secret


def _read(line: str) -> Key:
    """Raises OptionInvalid, which names no digest."""
    name, *rest = line.split()
    scopes = frozenset(rest[0].split(",")) if rest else frozenset()
    if len(rest) != 2 or not scopes <= frozenset(SCOPES) or len(rest[1]) != 64 or not name.isprintable():
        raise OptionInvalid(f"keys_file: the line of {name!r} is not NAME SCOPES DIGEST; scopes: {', '.join(SCOPES)}")
    return Key(name, scopes, rest[1].lower())


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
