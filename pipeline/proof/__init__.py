"""Programs that check the project itself; none of them runs in production.

They are bench, compare, evidence, scale, share_recovery, trace and tracer.
"""
