"""From margin to PD, and the tests that a PD must pass."""
