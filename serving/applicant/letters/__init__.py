"""Letters and explanations of one decision, for the person and for whoever works the case.

Every number keeps the field that it comes from, and is checked before anything is written.
"""
