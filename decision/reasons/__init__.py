"""The reasons of a decision: concepts with points, rules and caps, in English and Chinese."""
