"""One package per stage of dvc.yaml; each reads, calls one room and writes."""
