"""The ledger: what every decision was made of, so that it can be checked and made again years later."""
