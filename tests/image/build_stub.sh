#!/usr/bin/env bash
# A base image in vLLM's place: Debian with Python, vLLM's metadata and file names, and a program `vllm` that answers
# like its server. For building our image where there is neither Docker nor a GPU. Needs root, debootstrap, buildah.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
image=${1:?the name to give it}
export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot

if buildah inspect --type image "$image" > /dev/null 2>&1; then
    echo "the stub base is there"
    exit 0
fi
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mirror=
if grep -q '^ID=debian' /etc/os-release; then
    # shellcheck disable=SC2016  # apt's own variable
    mirror=$(apt-get indextargets --format '$(SITE)' 2> /dev/null | head -n 1)
fi
packages=python3,python3-pip,python3-venv,ca-certificates,curl,git
debootstrap --variant=minbase --include="$packages" bookworm "$root" ${mirror:+"$mirror"}
rm -f "$root"/usr/lib/python3*/EXTERNALLY-MANAGED
rm -rf "$root"/var/cache/apt/archives/*.deb

site=$root/usr/local/lib/python3.11/dist-packages
models=$site/vllm/model_executor/models
mkdir -p "$models" "$site/vllm-0.20.1.dev5.dist-info"
touch "$site/vllm/__init__.py" "$models/glm_ocr.py" "$models/glm_ocr_mtp.py"
echo '"GlmOcrForConditionalGeneration": ("glm_ocr", "GlmOcrForConditionalGeneration"),' > "$models/registry.py"
cp "$here/stub_vllm/METADATA" "$site/vllm-0.20.1.dev5.dist-info/"
install -m 755 "$here/stub_vllm/vllm" "$root/usr/local/bin/vllm"

container=$(buildah from scratch)
buildah add --quiet "$container" "$root" / > /dev/null
buildah commit --quiet "$container" "$image"
buildah rm "$container" > /dev/null
