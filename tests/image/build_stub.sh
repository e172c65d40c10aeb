#!/usr/bin/env bash
# build_stub.sh IMAGE: a base image in vLLM's place, with no more than that surely has. For building our image where
# there is neither Docker nor a GPU. Needs root, debootstrap, buildah.
#
# Debian with Python and pip from PyPI; no git, no compiler. Python packages of the distribution lie in the way, too old
# for the worker, some without a list of their files. vLLM's metadata and file names, and a program `vllm` that answers
# like its server.
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
in_the_way=python3-blinker,python3-cffi-backend,python3-cryptography,python3-distro,python3-jwt,python3-packaging
in_the_way+=,python3-requests,python3-tqdm,python3-typing-extensions,python3-urllib3,python3-yaml
debootstrap --variant=minbase --include="python3,ca-certificates,curl,$in_the_way" bookworm "$root" ${mirror:+"$mirror"}
rm -f "$root"/usr/lib/python3*/EXTERNALLY-MANAGED
rm -rf "$root"/var/cache/apt/archives/*.deb
# Installed by distutils, as blinker is in vLLM's image: metadata in one file, which pip stops at ("Cannot uninstall").
for metadata in "$root"/usr/lib/python3/dist-packages/{requests,urllib3}-*.egg-info; do
    mv "$metadata/PKG-INFO" "$metadata.file"
    rm -r "$metadata"
    mv "$metadata.file" "$metadata"
done

site=$root/usr/local/lib/python3.11/dist-packages
models=$site/vllm/model_executor/models
commands=$site/vllm/entrypoints/cli
mkdir -p "$models" "$commands" "$site/vllm/platforms" "$site/vllm-0.20.1.dev5.dist-info"
# Debian's own pip leaves what it cannot remove alone; the one that vLLM's image has fails on it.
"${PYTHON:-python3}" -m pip install --quiet --disable-pip-version-check --no-deps --target "$site" pip setuptools
touch "$site/vllm/__init__.py" "$models/glm_ocr.py" "$models/glm_ocr_mtp.py"
echo '"GlmOcrForConditionalGeneration": ("glm_ocr", "GlmOcrForConditionalGeneration"),' > "$models/registry.py"
cp "$here/stub_vllm/METADATA" "$site/vllm-0.20.1.dev5.dist-info/"
cp "$here/stub_vllm/platforms.py" "$site/vllm/platforms/__init__.py"
cp "$here/stub_vllm/main.py" "$here/stub_vllm/flags.txt" "$commands/"
printf '#!/usr/bin/python3\nfrom vllm.entrypoints.cli.main import main\n\nmain()\n' > "$root/usr/local/bin/vllm"
chmod 755 "$root/usr/local/bin/vllm"
for tool in git cc gcc g++ make; do
    if [ -n "$(chroot "$root" sh -c "command -v $tool")" ]; then
        echo "the stub base has $tool, and vLLM's image may not" >&2
        exit 1
    fi
done

container=$(buildah from scratch)
buildah add --quiet "$container" "$root" / > /dev/null
# What is fetched while building is trusted by the file that the machine's own certificates are mounted in.
buildah config --env SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt "$container"
buildah commit --quiet "$container" "$image"
buildah rm "$container" > /dev/null
