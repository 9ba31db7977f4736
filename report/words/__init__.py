"""The Chinese of the page: what a reader of Chinese sees for each English text."""
