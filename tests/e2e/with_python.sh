#!/bin/sh
# Runs a script with the Python that has the foreign clients; ./dev.sh test makes it and names it.
if [ -z "${CLEAVE_TEST_PYTHON:-}" ]; then
  echo "skipped: CLEAVE_TEST_PYTHON is not set"
  exit 77
fi
exec "$CLEAVE_TEST_PYTHON" "$@"
