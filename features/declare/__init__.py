"""The declarations of features, and how they become words and pages."""
