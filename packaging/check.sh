#!/usr/bin/env bash
# Every gate, in the order in which a failure is found soonest. Needs `make install-test`.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/.venv/bin:$PATH" OMP_NUM_THREADS="${OMP_NUM_THREADS:-2}"
unset ORFEAS_HOME

gate() {
  printf '\n== %s\n' "$*"
  "$@"
}

gate ruff check .
gate ruff format --check .
gate lint-imports
gate bandit --quiet --severity-level medium --recursive --configfile pyproject.toml orfeas_desktop
gate pyright
gate orfeas manual --check
rm -f .coverage .coverage.*
gate coverage run -m pytest --numprocesses "${JOBS:-2}" --dist loadfile "$@"
coverage combine --quiet
gate coverage report --skip-covered --skip-empty --fail-under=85
gate coverage report --skip-covered --skip-empty --omit='orfeas_desktop/ui/*' --fail-under=95
printf '\nAll gates passed.\n'
