"""Commands about the policy: what another one would decide, and who has approved it."""
