"""Charts drawn as plain SVG text: small, in both languages, with the colours of the page."""
