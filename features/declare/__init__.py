"""How a feature is declared, and how declarations become words and pages."""
