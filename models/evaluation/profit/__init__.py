"""What the approvals of a model earn and lose: rates, expected profit and its bridge."""
