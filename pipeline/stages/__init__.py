"""One thin verb per stage of dvc.yaml."""
