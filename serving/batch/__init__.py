"""The batch job: many applications in blocks, bad rows set aside with a reason, the rest decided in their order."""
