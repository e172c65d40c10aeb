"""Pictures in scripts that the embedded reader does not know: Octavo with Tesseract beside Tesseract alone.

    python bench/other_scripts.py [--data ../shared/eval/public] [--out out/other_scripts]

Pages are drawn here (the Universal Declaration of Human Rights, article 1, and a sentence with numbers, in Debian's
fonts; clean, and as a grey scan that leans), and taken from DATA, where its manifest names a language of these.
Tesseract is told the language; Octavo is not. Prints the share of words (F1, order set aside; of Chinese,
Japanese and Korean each character) and CPU seconds, of a warm process, children included.
"""

import argparse
import json
import os
import re
import resource
import subprocess
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from octavo import EngineSettings, Parser, to_markdown

NOTO = Path("/usr/share/fonts/truetype/noto")
DEJAVU = Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf")
LANGUAGES = {"ko": "kor", "en/ko": "eng+kor", "ar": "ara", "fa": "fas", "ru": "rus", "el": "ell", "he": "heb"}
FROM_RIGHT = ("ara", "fas", "heb")
WIDTH, MARGIN, SIZE = 1240, 120, 27  # pixels, of a page at 150 dpi in 13 points
TEXTS = {
    "kor": (
        Path("/usr/share/fonts/truetype/nanum/NanumMyeongjo.ttf"),
        "모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다. "
        "인간은 천부적으로 이성과 양심을 부여받았으며 서로 "
        "형제애의 정신으로 행동하여야 한다. 참석자는 모두 27명이며 총매출은 3,450,000원이다.",
    ),
    "ara": (
        NOTO / "NotoNaskhArabic-Regular.ttf",
        "يولد جميع الناس أحرارا متساوين في الكرامة والحقوق. وقد وهبوا "
        "عقلا وضميرا وعليهم أن يعامل بعضهم بعضا بروح الإخاء. "
        "اجتمعت اللجنة في مدينة القاهرة يوم 24 نوفمبر 2026 لمناقشة الميزانية الجديدة.",
    ),
    "fas": (
        NOTO / "NotoNaskhArabic-Regular.ttf",
        "تمام افراد بشر آزاد به دنیا می آیند و از لحاظ حیثیت و حقوق "
        "با هم برابرند. همه دارای عقل و وجدان هستند و باید نسبت به "
        "یکدیگر با روح برادری رفتار کنند. پژوهشگران چهار گزارش درباره کیفیت هوای تهران منتشر کردند.",
    ),
    "rus": (
        NOTO / "NotoSerif-Regular.ttf",
        "Все люди рождаются свободными и равными в своем достоинстве "
        "и правах. Они наделены разумом и совестью и должны "
        "поступать в отношении друг друга в духе братства. Договор "
        "заключен 24 ноября 2026 года на сумму 3 450 рублей.",
    ),
    "ell": (
        NOTO / "NotoSerif-Regular.ttf",
        "Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι στην "
        "αξιοπρέπεια και τα δικαιώματα. Είναι προικισμένοι με λογική "
        "και "
        "συνείδηση. Η εταιρεία υπέγραψε τη σύμβαση στις 24 Νοεμβρίου 2026 στην Αθήνα.",
    ),
    "heb": (
        DEJAVU,
        "כל בני האדם נולדו בני חורין ושווים בערכם ובזכויותיהם. כולם "
        "חוננו בתבונה ובמצפון, לפיכך חובה עליהם לנהוג איש ברעהו "
        "ברוח של אחווה. החברה חתמה על החוזה ביום 24 בנובמבר 2026 בתל אביב.",
    ),
    "hin": (
        NOTO / "NotoSerifDevanagari-Regular.ttf",
        "सभी मनुष्यों को गौरव और अधिकारों के मामले में जन्मजात "
        "स्वतन्त्रता और समानता प्राप्त है। उन्हें बुद्धि और "
        "अन्तरात्मा की देन प्राप्त "
        "है और परस्पर उन्हें भाईचारे के भाव से बर्ताव करना चाहिए।",
    ),
    "tha": (
        NOTO / "NotoSerifThai-Regular.ttf",
        "มนุษย์ทั้งหลายเกิดมามีอิสระและเสมอภาคกัน "
        "ในเกียรติศักดิ์และสิทธิ ต่างมีเหตุผลและมโนธรรม "
        "และควรปฏิบัติต่อกัน "
        "ด้วยเจตนารมณ์แห่งภราดรภาพ ทุกคนย่อมมีสิทธิและอิสรภาพทั้งปวง ตามที่กำหนดไว้ในปฏิญญานี้",
    ),
}


@dataclass(frozen=True, slots=True)
class Sample:
    """A picture, its language as Tesseract calls it, and what it says."""

    file: Path
    language: str
    truth: str


def made(folder: Path) -> Iterator[Sample]:
    """Pages drawn here, each clean and as a scan."""
    folder.mkdir(parents=True, exist_ok=True)
    for code, (font, text) in TEXTS.items():
        if not font.is_file():
            print(f"left out: {code}, no {font.name}")
            continue
        page = _page(text, ImageFont.truetype(font, SIZE), from_right=code in FROM_RIGHT)
        for kind, image in (("clean", page), ("scan", _scan(page))):
            file = folder / f"{code}-{kind}.png"
            image.save(file, dpi=(150, 150))
            yield Sample(file, code, text)


def _page(text: str, font: ImageFont.FreeTypeFont, *, from_right: bool) -> Image.Image:
    rows = [""]
    for word in text.split():
        row = f"{rows[-1]} {word}".strip()
        if font.getlength(row) > WIDTH - 2 * MARGIN:
            rows.append(word)
        else:
            rows[-1] = row
    image = Image.new("RGB", (WIDTH, 900), "white")
    x, anchor = (WIDTH - MARGIN, "ra") if from_right else (MARGIN, "la")
    for number, row in enumerate(rows):
        ImageDraw.Draw(image).text((x, 100 + 45 * number), row, fill="black", font=font, anchor=anchor)
    return image


def _scan(page: Image.Image) -> Image.Image:
    """Grey, a little blurred, noisy, and leaning by 0.7 degrees."""
    leaning = (
        page.convert("L").rotate(0.7, Image.Resampling.BICUBIC, fillcolor=255).filter(ImageFilter.GaussianBlur(0.7))
    )
    grey = 25 + np.asarray(leaning, np.float32) * 0.82
    noise = np.random.default_rng(1).normal(0, 9, grey.shape)
    return Image.fromarray(np.clip(grey + noise, 0, 255).astype(np.uint8))


def taken(data: Path) -> Iterator[Sample]:
    """The pictures of a set with truth whose language is one of these."""
    manifest = data / "manifest.jsonl"
    rows = manifest.read_text(encoding="utf-8").splitlines() if manifest.is_file() else []
    for row in map(json.loads, rows):
        if row.get("lang") in LANGUAGES and not row["file"].endswith(".pdf"):
            truth = row["gt"].get("words") or row["gt"]["txt"]
            yield Sample(data / row["file"], LANGUAGES[row["lang"]], (data / truth).read_text(encoding="utf-8"))


def words(text: str) -> Counter[str]:
    """Runs of letters and digits; of Chinese, Japanese and Korean each character."""
    plain = unicodedata.normalize("NFKC", text).lower()
    return Counter(
        re.findall(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W_\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+", plain)
    )


def share(truth: str, said: str) -> float:
    wanted, found = words(truth), words(said)
    return 2 * (wanted & found).total() / max(1, wanted.total() + found.total())


def spent() -> float:
    """CPU seconds of this process and of its children that have ended."""
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


def alone(sample: Sample) -> str:
    command = ["tesseract", str(sample.file), "stdout", "-l", sample.language]
    environment = os.environ | {"OMP_THREAD_LIMIT": "1"}
    return subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--data", type=Path, default=Path("../shared/eval/public"))
    arguments.add_argument("--out", type=Path, default=Path("out/other_scripts"))
    chosen = arguments.parse_args()
    samples = [*made(chosen.out), *taken(chosen.data)]
    print(
        "| page | Octavo | Tesseract alone | Octavo, CPU s | Tesseract, CPU s | Octavo's status |\n" + "|---" * 6 + "|"
    )
    with Parser(EngineSettings()) as parser:
        parser.parse(samples[0].file)  # warm
        for sample in samples:
            began = spent()
            document = parser.parse(sample.file)
            read = spent()
            said = alone(sample)
            ended = spent()
            ours = to_markdown(document)
            (chosen.out / f"{sample.file.stem}.md").write_text(ours, encoding="utf-8")
            scores = f"{share(sample.truth, ours):.3f} | {share(sample.truth, said):.3f}"
            print(
                f"| {sample.file.stem} | {scores} | {read - began:.1f} | {ended - read:.1f} | {document.status} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
