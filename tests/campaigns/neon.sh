#!/usr/bin/env bash
# The C++ tests for 64-bit Arm, cross-compiled and emulated: once with dot-product instructions, once on a CPU without.
# Needs g++-aarch64-linux-gnu and qemu-user-static. Prints what tests/campaigns/results/neon.txt holds.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=${1:-$(mktemp -d)}

cmake -S . -B "$build" -G Ninja -DSYNDR_TESTS=ON -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=aarch64 -DCMAKE_CXX_COMPILER=aarch64-linux-gnu-g++ \
    "-DCMAKE_CROSSCOMPILING_EMULATOR=qemu-aarch64-static;-L;/usr/aarch64-linux-gnu" >/dev/null
cmake --build "$build" >/dev/null
date -u +%F
git describe --always --dirty
aarch64-linux-gnu-g++ --version | head -1
qemu-aarch64-static --version | head -1
for cpu in max cortex-a57; do
    echo "== $cpu"
    QEMU_CPU=$cpu ctest --test-dir "$build" --timeout 1800 --output-on-failure | sed -n 's/^ *[0-9]*\/[0-9]* //p; /tests passed/p'
done
