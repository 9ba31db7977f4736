"""Keep the registry from running what it has not checked, and from losing a change.

Checks before import, the record of changes, its lock, a store that was moved.
"""
