"""The rows that a model learns from and is judged on, who plays which part, and the figures taken of them."""
