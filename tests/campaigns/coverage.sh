#!/usr/bin/env bash
# Lines covered: of csrc by the C++ tests and by the Python tests together (gcc's counters, read by gcovr), of syndr by
# the Python tests (coverage.py). Needs pip install gcovr coverage pytest-cov. Prints what results/coverage.txt holds.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=${1:-$(mktemp -d)}
mkdir -p "$work"
counted=(-G Ninja -DCMAKE_BUILD_TYPE=Debug "-DCMAKE_CXX_FLAGS=--coverage -O1 -fprofile-update=atomic")

date -u +%F
git describe --always --dirty
g++ --version | sed -n 1p
cmake -S . -B "$work/core" -DSYNDR_TESTS=ON "${counted[@]}" >/dev/null
cmake -S . -B "$work/module" "${counted[@]}" "-DPython_EXECUTABLE=$(command -v python)" \
    "-Dpybind11_DIR=$(python -m pybind11 --cmakedir)" >/dev/null
for part in core module; do cmake --build "$work/$part" -j "${JOBS:-1}" >/dev/null; done
ctest --test-dir "$work/core" --timeout 1800 --output-on-failure | sed -n '/tests passed/p'

rm -rf "$work/tree"
mkdir "$work/tree"
git ls-files -z | xargs -0 cp --parents -t "$work/tree"
cp "$work"/module/_native*.so "$work/tree/syndr/"
(
    cd "$work/tree"
    PYTHONPATH=$PWD coverage run -m pytest -p no:cacheprovider -rfE tests | tail -15
    coverage combine -q
    coverage json -q -o "$work/syndr.json"
)
gcovr --root . --filter csrc/ --exclude csrc/tests --gcov-ignore-parse-errors all --json "$work/csrc.json" "$work/core" "$work/module"
python tests/campaigns/coverage_table.py "$work/csrc.json" "$work/syndr.json"
