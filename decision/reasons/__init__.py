"""Why: concepts with points, rules and caps, in English and Chinese."""
