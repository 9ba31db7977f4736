"""Stage `simulate`: the synthetic world's raw tables and, apart from them, its truth. For data of one's own both stay empty."""
