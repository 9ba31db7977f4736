"""The rows of a store of persons: how they lie, and how those of one key are read."""
