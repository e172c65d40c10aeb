"""PDFs made by hand, byte for byte, because what is tested is what no decent program writes."""

import hashlib
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class PdfPage:
    """One page: its content stream, and what it may refer to by name."""

    content: bytes
    size: tuple[float, float] = (612, 792)
    fonts: Mapping[str, str] = field(default_factory=dict)  # name -> font dictionary entries beyond /Type /Font
    streams: Mapping[str, tuple[str, bytes]] = field(default_factory=dict)  # name -> (dictionary entries, data)
    images: Sequence[str] = ()  # names of `streams` that are XObjects
    extra: str = ""  # entries of the page dictionary


HELVETICA = "/Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding"
COURIER = "/Subtype /Type1 /BaseFont /Courier /Encoding /WinAnsiEncoding"


def text_page(*lines: str, size: int = 12, top: int = 720, **options: object) -> PdfPage:
    """Lines of Helvetica below each other."""
    body = b"".join(
        f"BT /F1 {size} Tf 72 {top - index * size * 1.2:.1f} Td ({_escaped(line)}) Tj ET\n".encode("latin-1")
        for index, line in enumerate(lines)
    )
    return PdfPage(body, fonts={"F1": HELVETICA}, **options)  # type: ignore[arg-type]


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")


def to_unicode(mapping: Mapping[int, int]) -> bytes:
    """A CMap from character codes to Unicode."""
    rows = "\n".join(f"<{code:02x}> <{target:04x}>" for code, target in mapping.items())
    return (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def /CMapType 2 def\n"
        "1 begincodespacerange <00> <ff> endcodespacerange\n"
        f"{len(mapping)} beginbfchar\n{rows}\nendbfchar\nendcmap end end"
    ).encode()


def make_pdf(
    *pages: PdfPage, catalog: str = "", objects: Sequence[str] = (), user_password: bytes | None = None
) -> bytes:
    """A PDF of these pages. `objects` are numbered from 10; stream references in pages are written `@name`."""
    numbered: dict[int, bytes] = {10 + index: body.encode("latin-1") for index, body in enumerate(objects)}
    following = 10 + len(objects)
    kids = []
    raw_streams: set[int] = set()
    for page in pages:
        names = {}
        for name, (entries, data) in page.streams.items():
            packed = zlib.compress(data, 1)
            names[name] = following
            numbered[following] = (
                f"<< {entries} /Filter /FlateDecode /Length {len(packed)} >>\nstream\n".encode("latin-1")
                + packed
                + b"\nendstream"
            )
            raw_streams.add(following)
            following += 1
        fonts = " ".join(
            f"/{name} << /Type /Font {_resolved(entries, names)} >>" for name, entries in page.fonts.items()
        )
        images = " ".join(f"/{name} {names[name]} 0 R" for name in page.images)
        packed = zlib.compress(page.content, 1)
        numbered[following] = b"<< /Filter /FlateDecode /Length %d >>\nstream\n" % len(packed) + packed + b"\nendstream"
        raw_streams.add(following)
        width, height = page.size
        box = "" if "/MediaBox" in page.extra else f"/MediaBox [0 0 {width:g} {height:g}]"
        numbered[following + 1] = (
            f"<< /Type /Page /Parent 2 0 R {box} /Contents {following} 0 R "
            f"/Resources << /Font << {fonts} >> /XObject << {images} >> >> {_resolved(page.extra, names)} >>"
        ).encode("latin-1")
        kids.append(following + 1)
        following += 2
    numbered[1] = f"<< /Type /Catalog /Pages 2 0 R {catalog} >>".encode("latin-1")
    numbered[2] = f"<< /Type /Pages /Count {len(kids)} /Kids [{' '.join(f'{kid} 0 R' for kid in kids)}] >>".encode()
    trailer = ""
    if user_password is not None:
        trailer, key = _encryption(user_password)
        for number in raw_streams:
            head, _, rest = numbered[number].partition(b"stream\n")
            body = rest.removesuffix(b"\nendstream")
            numbered[number] = head + b"stream\n" + _encrypted(body, key, number) + b"\nendstream"
    return pdf_of(numbered, trailer)


def pdf_of(numbered: Mapping[int, bytes], trailer: str = "") -> bytes:
    """A PDF of objects by their numbers; the first is the catalogue."""
    out = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    offsets = {}
    for number in sorted(numbered):
        offsets[number] = len(out)
        out += b"%d 0 obj\n" % number + numbered[number] + b"\nendobj\n"
    xref = len(out)
    count = max(numbered) + 1
    out += b"xref\n0 %d\n" % count
    for number in range(count):
        out += b"%010d 00000 n \n" % offsets[number] if number in offsets else b"0000000000 65535 f \n"
    out += f"trailer\n<< /Size {count} /Root 1 0 R {trailer} >>\nstartxref\n{xref}\n%%EOF\n".encode("latin-1")
    return bytes(out)


def _resolved(text: str, names: Mapping[str, int]) -> str:
    for name, number in names.items():
        text = text.replace(f"@{name}", f"{number} 0 R")
    return text


# --- encryption, revision 2 of the standard handler (PDF 32000-1, 7.6.3) ---------------------------------------------

_PADDING = bytes.fromhex("28bf4e5e4e758a4164004e56fffa01082e2e00b6d0683e802f0ca9fe6453697a")
_ID = b"0123456789abcdef"


def _encryption(password: bytes) -> tuple[str, bytes]:
    padded = (password + _PADDING)[:32]
    owner = _rc4(hashlib.md5(padded).digest()[:5], padded)
    permissions = -4
    seed = padded + owner + permissions.to_bytes(4, "little", signed=True) + _ID
    key = hashlib.md5(seed).digest()[:5]
    user = _rc4(key, _PADDING)
    entries = (
        f"/Encrypt << /Filter /Standard /V 1 /R 2 /O <{owner.hex()}> /U <{user.hex()}> /P {permissions} >> "
        f"/ID [<{_ID.hex()}> <{_ID.hex()}>]"
    )
    return entries, key


def _encrypted(data: bytes, key: bytes, number: int) -> bytes:
    own = hashlib.md5(key + number.to_bytes(3, "little") + b"\0\0").digest()[:10]
    return _rc4(own, data)


def _rc4(key: bytes, data: bytes) -> bytes:
    state = list(range(256))
    j = 0
    for i in range(256):
        j = (j + state[i] + key[i % len(key)]) % 256
        state[i], state[j] = state[j], state[i]
    out = bytearray()
    i = j = 0
    for byte in data:
        i = (i + 1) % 256
        j = (j + state[i]) % 256
        state[i], state[j] = state[j], state[i]
        out.append(byte ^ state[(state[i] + state[j]) % 256])
    return bytes(out)
