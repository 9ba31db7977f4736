"""`python -m creditloom score --events DIR --bundle DIR --output FILE`: from raw events to decisions on any machine."""

from __future__ import annotations

import argparse
import datetime as dt
import sys
import time
from pathlib import Path


def main(argv: list[str] | None = None) -> int:
    """Run the command line; 0 = done, 2 = refused with a message that says what to do next."""
    options = _parser().parse_args(argv)
    from creditloom.events import decide, write

    start = time.perf_counter()
    try:
        blocks = decide(options.events, options.bundle, as_of=options.as_of, explain=options.explain, language=options.language)
        rows = write(blocks, options.output)
    except ValueError as error:
        if type(error).__module__.partition(".")[0] != "creditloom":
            raise
        sys.stderr.write(f"creditloom: {error}\n")
        return 2
    sys.stderr.write(f"{options.output}: {rows:,} decisions in {time.perf_counter() - start:.1f} s\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="creditloom", description="Credit decisions from raw events.")
    score = parser.add_subparsers(required=True).add_parser("score", help="decide every application of a folder of raw tables")
    score.add_argument("--events", type=Path, required=True, help="folder of raw tables: <table>.parquet or <table>/*.parquet")
    score.add_argument("--bundle", type=Path, required=True, help="folder of the bundle (data/model, or data/<name> of a registered model)")
    score.add_argument("--output", type=Path, required=True, help="the decisions, a Parquet file")
    score.add_argument("--as-of", type=dt.datetime.fromisoformat, help="decide as of this moment (UTC) instead of each application's own")
    score.add_argument("--explain", choices=("adverse", "all", "none"), default="adverse")
    score.add_argument("--language", choices=("en", "zh"), default="en")
    return parser


if __name__ == "__main__":
    sys.exit(main())
