#!/bin/sh
# The `creditloom` command of this checkout; `make setup` copies it to .venv/bin. It works from any folder, also with spaces in the path.
here=$(CDPATH= cd -- "$(dirname -- "$0")/../.." && pwd) || exit 1
PYTHONPATH="$here${PYTHONPATH:+:$PYTHONPATH}" exec "$here/.venv/bin/python" -P -m pipeline.cli "$@"
