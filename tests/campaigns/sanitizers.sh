#!/usr/bin/env bash
# The native core under AddressSanitizer with UndefinedBehaviorSanitizer, then under ThreadSanitizer: its C++ tests, and
# the Python tests of the module (the first two sanitizers: the third would need an interpreter built with it). Both run
# every kernel of this CPU. Prints what results/sanitizers.txt holds.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=${1:-$(mktemp -d)}
mkdir -p "$work"
jobs=${JOBS:-1}

date -u +%F
git describe --always --dirty
g++ --version | sed -n 1p
grep -m1 'model name' /proc/cpuinfo
for sanitizers in address,undefined thread; do
    echo "== C++ tests, $sanitizers"
    cmake -S . -B "$work/$sanitizers" -G Ninja -DSYNDR_TESTS=ON "-DSYNDR_SANITIZE=$sanitizers" \
        -DCMAKE_BUILD_TYPE=RelWithDebInfo >/dev/null
    cmake --build "$work/$sanitizers" -j "$jobs" >/dev/null
    ctest --test-dir "$work/$sanitizers" --timeout 1800 --output-on-failure |
        sed -n 's/^ *[0-9]*\/[0-9]* //p; /tests passed/p'
done

# pybind11 also checks that whoever counts references holds Python's lock.
cmake -S . -B "$work/module" -G Ninja -DSYNDR_SANITIZE=address,undefined -DCMAKE_BUILD_TYPE=RelWithDebInfo \
    -DCMAKE_CXX_FLAGS=-DPYBIND11_ASSERT_GIL_HELD_INCREF_DECREF \
    "-DPython_EXECUTABLE=$(command -v python)" "-Dpybind11_DIR=$(python -m pybind11 --cmakedir)" >/dev/null
cmake --build "$work/module" -j "$jobs" >/dev/null
rm -rf "$work/tree"
mkdir "$work/tree"
cp -r syndr tests pyproject.toml "$work/tree"
rm -f "$work"/tree/syndr/_native*.so
cp "$work"/module/_native*.so "$work/tree/syndr/"
cd "$work/tree"
echo "== Python tests, address,undefined"
# They force each kernel in turn. The interpreter keeps memory to its end, which is no leak of ours. libstdc++ comes first
# for its exceptions.
LD_PRELOAD="$(g++ -print-file-name=libasan.so) $(g++ -print-file-name=libstdc++.so)" ASAN_OPTIONS=detect_leaks=0 \
    PYTHONPATH=$PWD python -m pytest -p no:cacheprovider -k "not ctrl_c" tests/test_native.py tests/search/test_exact.py \
    tests/search/test_filters.py tests/distort/test_{native,blur,colorspace,quantizers,random,stretch,warp}.py | tail -1
