#!/usr/bin/env bash
# Lines covered: of csrc by the C++ tests and by the Python tests together (gcc's counters, read by gcovr), of syndr by
# the Python tests (coverage.py). Needs pip install gcovr coverage. Prints what results/coverage.txt holds. Arguments:
# a folder for its work, and the Python tests to run if not all.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(realpath "${1:-$(mktemp -d)}")
tests=("${@:2}")
[ ${#tests[@]} -gt 0 ] || tests=(tests)

date -u +%F
git describe --always --dirty
g++ --version | sed -n 1p
rm -rf "$work"/{core,module,tree}
mkdir -p "$work/tree"
git ls-files -z | xargs -0 cp --parents -t "$work/tree"
cd "$work/tree"

counted=(-G Ninja -DCMAKE_BUILD_TYPE=Debug "-DCMAKE_CXX_FLAGS=--coverage -O1 -fprofile-update=atomic")
cmake -S . -B ../core -DSYNDR_TESTS=ON "${counted[@]}" >/dev/null
cmake -S . -B ../module "${counted[@]}" "-DPython_EXECUTABLE=$(command -v python)" \
    "-Dpybind11_DIR=$(python -m pybind11 --cmakedir)" >/dev/null
for part in core module; do cmake --build "../$part" -j "${JOBS:-1}" >/dev/null; done
ctest --test-dir ../core --timeout 1800 --output-on-failure | sed -n '/tests passed/p'

cp ../module/_native*.so syndr/
failed=0
PYTHONPATH=$PWD coverage run -m pytest -p no:cacheprovider -rfE "${tests[@]}" >../tests.log || failed=1
grep -E '^(FAILED|ERROR) | (passed|failed)' ../tests.log
coverage combine -q
coverage json -q -o ../syndr.json
gcovr --root . --filter csrc/ --exclude csrc/tests --gcov-ignore-parse-errors all --json ../csrc.json ../core ../module
python tests/campaigns/coverage_table.py ../csrc.json ../syndr.json
exit $failed
