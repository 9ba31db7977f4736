"""Stage `simulate`: writes the raw tables of the synthetic world and, separately, its truth."""
