"""The stages that write tables: raw events, then one row of features per application."""
