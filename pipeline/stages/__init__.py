"""One package per stage of dvc.yaml, in three groups; each reads, calls one room and writes."""
