#!/usr/bin/env bash
# make_venv.sh PYTHON VENV WHAT: a virtual environment with WHAT, at the versions of constraints.txt.
# TORCH_INDEX=URL names an index that holds another build of torch (CPU only, another CUDA).
set -euo pipefail
python=$1 venv=$2 what=$3

[ -x "$venv/bin/pip" ] || "$python" -m venv "$venv"
echo "Installing into $venv (the first time this downloads; see README, Size)"
"$venv/bin/pip" install --quiet --disable-pip-version-check ${TORCH_INDEX:+--extra-index-url "$TORCH_INDEX"} \
  --constraint constraints.txt --editable "$what"
"$venv/bin/python" -m compileall -q "$venv"/lib/python*/site-packages >/dev/null 2>&1 || true
