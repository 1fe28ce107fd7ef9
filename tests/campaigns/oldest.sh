#!/usr/bin/env bash
# The module built with the oldest build requirements that pyproject.toml promises, and the tests run with the oldest
# release of every dependency, with those of the extra test. Needs uv (pip install uv). Prints what results/oldest.txt holds.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=${1:-$(mktemp -d)}
mkdir -p "$work"

date -u +%F
git describe --always --dirty
oldest=(uv pip install --quiet --resolution lowest-direct)

echo "== build"
uv venv --quiet --clear --python python3 "$work/build"
mapfile -t needs < <(python3 -c 'import tomllib
print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"], sep="\n")')
# setuptools before 70.1 asks for wheel while it builds; nobody answers where there is no build isolation.
VIRTUAL_ENV=$work/build "${oldest[@]}" "${needs[@]}" "cmake>=3.18" "ninja>=1.11" "wheel>=0.40"
VIRTUAL_ENV=$work/build uv pip list --quiet --format freeze | paste -sd ' '
rm -rf "$work"/{tree,wheel}
git archive --prefix=tree/ HEAD | tar -x -C "$work"
PATH="$work/build/bin:$PATH" pip --python "$work/build" wheel --quiet --no-build-isolation --no-deps -w "$work/wheel" "$work/tree"

echo "== tests"
uv venv --quiet --clear --python python3 "$work/oldest"
# Of a wheel, only the wheel itself would count as direct, and all that it needs would be the newest.
VIRTUAL_ENV=$work/oldest "${oldest[@]}" -r "$work/tree/pyproject.toml" --extra test
VIRTUAL_ENV=$work/oldest uv pip install --quiet --no-deps "$work"/wheel/*.whl
"$work/oldest/bin/python" - <<'PY'
import importlib.metadata as metadata
import platform
import re

def plain(name):
    return re.sub("[-_.]+", "-", name).lower()

names = {plain(re.match(r"[\w.-]+", line)[0]) for line in metadata.requires("syndr") if "syndr" not in line}
found = [f"{each.name}=={each.version}" for each in metadata.distributions() if plain(each.name) in names]
print(f"python=={platform.python_version()}", *sorted(found, key=str.lower))
PY
cd "$work/tree"
# The pages and the demo take long and depend on no version more than the rest.
"$work/oldest/bin/pytest" -p no:cacheprovider -rfE --ignore tests/docs --ignore tests/demo tests |
    tee "$work/tests.log" | tail -40
