#!/usr/bin/env bash
# clang-tidy over every C++ file, with the checks of .clang-tidy, for x86-64 and for 64-bit Arm: no finding may stand.
# Needs pip install clang-tidy pybind11 and g++-aarch64-linux-gnu. Prints what results/clang-tidy.txt holds.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=${1:-$(mktemp -d)}
mkdir -p "$work"

date -u +%F
git describe --always --dirty
clang-tidy --version | sed -n 's/^ *//; /version/p'
check() {
    local build=$work/$1 target=$2 files
    mapfile -t files < <(git ls-files 'csrc/*.cpp' | grep -P "$3")
    printf '%s\n' "${files[@]}" |
        xargs -n 2 -P "${JOBS:-1}" clang-tidy -p "$build" "--extra-arg=--target=$target" --quiet 2>/dev/null
    echo "$1: ${#files[@]} files, no finding"
}
cmake -S . -B "$work/tests" -DSYNDR_TESTS=ON -DCMAKE_EXPORT_COMPILE_COMMANDS=ON >/dev/null
check tests x86_64-linux-gnu '^(?!.*(neon|bindings))'
cmake -S . -B "$work/module" -DCMAKE_EXPORT_COMPILE_COMMANDS=ON "-DPython_EXECUTABLE=$(command -v python)" \
    "-Dpybind11_DIR=$(python -m pybind11 --cmakedir)" >/dev/null
check module x86_64-linux-gnu 'bindings'
cmake -S . -B "$work/arm" -DSYNDR_TESTS=ON -DCMAKE_EXPORT_COMPILE_COMMANDS=ON -DCMAKE_SYSTEM_NAME=Linux \
    -DCMAKE_SYSTEM_PROCESSOR=aarch64 -DCMAKE_CXX_COMPILER=aarch64-linux-gnu-g++ >/dev/null
check arm aarch64-linux-gnu 'neon'
