#!/usr/bin/env bash
# Ray for real, on this machine: one, two and four workers, two nodes, workers and a node lost, a driver killed; the
# results must be those of one process. Needs the extras ray and torch, and psutil. Prints what
# tests/campaigns/results/ray.txt holds. How fast it is: ray_measure.py.
set -euo pipefail
cd "$(dirname "$0")/../.."
date -u +%F
git describe --always --dirty
python -c 'import platform, ray, torch; print("ray", ray.__version__, "torch", torch.__version__, "python", platform.python_version())'
# Ray tells on its own account what dies, on this output too.
python tests/campaigns/ray_faults.py 2>/dev/null | grep -E '^(local|same|DIFFERENT)'
