#!/usr/bin/env bash
# Tesseract, its languages and the fonts that tests/test_tesseract.py draws with, from Debian or Ubuntu, where that may be
# done: as root, with apt. Elsewhere those tests are skipped, and say what is missing.
set -euo pipefail
packages=(tesseract-ocr tesseract-ocr-{kor,ara,fas,rus,ell,heb,hin,tha} tesseract-ocr-script-frak fonts-noto-core fonts-nanum)
dpkg-query --show "${packages[@]}" > /dev/null 2>&1 && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null; then
    apt-get update > /dev/null && apt-get -o DPkg::Lock::Timeout=120 install -y --no-install-recommends "${packages[@]}" > /dev/null && exit 0
fi
echo "skipped: Tesseract's languages are tested where they can be installed: as root, with apt" >&2
