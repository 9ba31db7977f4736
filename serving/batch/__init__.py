"""Decide a batch: applications in blocks, bad rows set aside with a reason, the rest in order."""
