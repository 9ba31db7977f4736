"""Make the features of one person by the engine of a checkout when asked, and tell the CPU.

`theirs` runs it as a process of its own, with the checkout to be measured on PYTHONPATH: so it
names nothing of this checkout. Arguments: the module of the engine, and that of its parameters.
Each line of standard input is a folder with a file of the person's rows per raw table; it is
answered by a line of JSON: seconds of CPU, and how many columns were made.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from pathlib import Path
from typing import Any


def main(engine: str, params: str) -> None:
    """Make features as asked until standard input ends."""
    import pyarrow as pa

    build: Any = importlib.import_module(engine).build
    asked: Any = importlib.import_module(params).FeatureParams(threads=1, memory_mb=500)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        files = {file.stem: (str(file),) for file in Path(line.rstrip("\n")).glob("*.parquet")}
        begin = time.process_time()
        row = pa.concat_tables(build(files, asked))
        taken = time.process_time() - begin
        sys.stdout.write(json.dumps([taken, row.num_columns]) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:3])
