"""The ground floor: raw tables in, one row per application out. Relative imports only, so that it can be copied under another name."""
