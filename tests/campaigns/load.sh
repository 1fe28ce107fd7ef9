#!/usr/bin/env bash
# Ten thousand small thinnings in one process: what it holds after a thousand of them and after all. Prints what
# tests/campaigns/results/load.txt holds.
set -euo pipefail
cd "$(dirname "$0")/../.."
date -u +%F
git describe --always --dirty
python -c 'import platform, numpy; print("Python", platform.python_version(), "numpy", numpy.__version__)'
time python tests/small_calls.py 1000 10000
