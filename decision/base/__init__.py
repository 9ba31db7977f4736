"""What the runtime stands on: its error, strict JSON, the catalogue of what a model reads, the stability index."""
