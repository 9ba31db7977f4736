"""The base of the runtime: its error, strict JSON, the model's catalogue, the stability index."""
