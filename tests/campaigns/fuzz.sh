#!/usr/bin/env bash
# Damaged files of every kind and wild arguments for every native function, for so many seconds (default 600; --seed N for
# other examples). Prints what tests/campaigns/results/fuzz.txt holds.
set -euo pipefail
cd "$(dirname "$0")/../.."
date -u +%F
git describe --always --dirty
python -c 'import platform, numpy, pyarrow, torch; print("Python", platform.python_version(), "numpy", numpy.__version__, "pyarrow", pyarrow.__version__, "torch", torch.__version__)'
exec python tests/campaigns/fuzz.py "${1:-600}" "${@:2}"
