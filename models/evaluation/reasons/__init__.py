"""Reasons judged by the truth of a simulated world, and by what anyone can observe."""
