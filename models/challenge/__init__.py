"""Hold a new model beside the champion on the same young loans, of which neither has learnt."""
