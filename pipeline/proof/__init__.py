"""What proves and never runs in production: evidence, share recovery, scale, trace, bench."""
