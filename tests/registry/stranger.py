"""Compare the champion through MLflow with the batch's own decisions.

Tests run it in an environment without this repository.
"""

import sys

import mlflow
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq


def main(uri: str, matrix: str, decisions: str) -> None:
    """Exit 0 only if the champion's answer to `matrix` is the table in `decisions`.

    Written with the batch's schema.
    """
    mlflow.set_tracking_uri(uri)
    batch = pq.read_table(decisions)
    answer = mlflow.pyfunc.load_model("models:/credit-decision@champion").predict(
        pd.read_parquet(matrix)
    )
    ours = [name for name in sys.modules if name.partition(".")[0] == "creditloom"]
    equal = (
        pa.Table.from_pandas(answer, schema=batch.schema, preserve_index=False)
        .replace_schema_metadata(None)
        .equals(batch)
    )
    sys.exit(0 if equal and not ours else f"equal: {equal}; imported of the repository: {ours}")


if __name__ == "__main__":
    main(*sys.argv[1:])
