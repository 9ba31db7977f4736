"""Stage `simulate`: writes the synthetic world's raw tables and, apart from them, its truth."""
