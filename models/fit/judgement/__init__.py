"""How good a fit is: figures on rows that no choice has seen."""
