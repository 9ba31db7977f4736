"""The page: sections in reading order, charts, and the template that draws them."""
