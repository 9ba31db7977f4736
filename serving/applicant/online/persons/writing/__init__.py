"""What changes a store of persons: rows are judged and appended, runs merged, people erased."""
