#!/usr/bin/env bash
# Kills, full disks, lost memory, changed inputs and clocks, for every stage. Needs root (it mounts small file systems) and,
# for the clock, libfaketime. Prints what tests/campaigns/results/faults.txt holds; its arguments go to faults.py.
set -euo pipefail
cd "$(dirname "$0")/../.."
date -u +%F
git describe --always --dirty
python -c 'import platform, torch; print("Python", platform.python_version(), "torch", torch.__version__, platform.release())'
exec python tests/campaigns/faults.py "$@"
