"""Facts that the policy asks for and the model may not use, made of the same events."""
