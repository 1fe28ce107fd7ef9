#!/usr/bin/env bash
# Runs the GPU tests and GPU suites on a machine that has a GPU, from this tree, without a network.
#
#   OUT=folder PYTHON=python3 bash benchmarks/device.sh
#
# The machine has Python >= 3.11 with torch, torchvision, cmake, ninja, pybind11, scikit-build-core, setuptools, numpy,
# scipy, pytest and pytest-benchmark. Wheels of what else is missing there (kornia, kornia_rs, msgspec, ...) are taken
# from wheelhouse/, which git ignores. Data is generated. $OUT (default: runs/device) gets at most eight JSON files.
# Without a GPU the script runs to its end as well, says what it left out, and tries the suites on the CPU.
# A tree without its history takes the commit for the JSON from SYNDR_COMMIT.
set -uo pipefail
cd "$(dirname "$0")/.."
PYTHON=${PYTHON:-python3}
OUT=${OUT:-runs/device}
mkdir -p "$OUT"
failed=()

note() { echo "device.sh: $*"; }
step() {
  local name=$1
  shift
  note "$name"
  "$@" || failed+=("$name")
}

# Wheels of packages that are here already stay unused: the machine's own builds match its GPU.
missing_wheels() {
  "$PYTHON" - wheelhouse/*.whl <<'PYTHON_END'
import re
import sys
from importlib import metadata
from pathlib import Path

here = {re.sub(r"[-_.]+", "-", found.metadata["Name"]).lower() for found in metadata.distributions()}
for wheel in sys.argv[1:]:
    name = re.sub(r"[-_.]+", "-", Path(wheel).name.split("-")[0]).lower()
    if name not in here:
        print(name)
PYTHON_END
}

if compgen -G "wheelhouse/*.whl" >/dev/null; then
  names=$(missing_wheels)
  if [ -n "$names" ]; then
    # shellcheck disable=SC2086  # one word per package
    step "installing from wheelhouse: ${names//$'\n'/ }" \
      "$PYTHON" -m pip install --quiet --no-index --find-links wheelhouse --no-deps $names
  else
    note "wheelhouse: everything in it is installed already"
  fi
else
  note "no wheelhouse: using what is installed"
fi

note "installing syndr from this tree"
if ! "$PYTHON" -m pip install --quiet --no-build-isolation --no-deps .; then
  note "syndr could not be installed: nothing to test or measure"
  exit 1
fi

if gpu=$("$PYTHON" -c 'import torch; assert torch.cuda.is_available(); print(torch.cuda.get_device_name())' 2>/dev/null); then
  note "GPU: $gpu"
  step "GPU tests" "$PYTHON" -m benchmarks.gpu_tests --out "$OUT"
  step "GPU suites" "$PYTHON" -m benchmarks --suite 'device*' --out "$OUT" --tag "$(tr -cs '[:alnum:]' '-' <<<"$gpu" | sed 's/-*$//')"
else
  note "no CUDA device (or no torch): GPU tests skipped; GPU suites run on the CPU only, and quickly"
  step "suites on the CPU" "$PYTHON" -m benchmarks --suite 'device*' --quick --out "$OUT"
fi

count=$(find "$OUT" -name '*.json' | wc -l)
note "$count JSON files in $OUT"
[ "$count" -le 8 ] || failed+=("$count JSON files, and only eight may come back")
if [ ${#failed[@]} -gt 0 ]; then
  printf 'device.sh: FAILED: %s\n' "${failed[@]}"
  exit 1
fi
note "all done"
