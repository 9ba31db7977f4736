"""What a raw table is: the contract that the feature code states as its reader."""
