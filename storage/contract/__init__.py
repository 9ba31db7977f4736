"""Check raw tables against their contract: schema, row rules, rules over other rows, quarantine."""
