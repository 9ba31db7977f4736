"""Tests, one folder per room, plus spec, policy, world and architecture."""
