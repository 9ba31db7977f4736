"""Commands that judge choices on rolling origins."""
