"""Stage `report`: writes everything measured on one page that needs no network."""
