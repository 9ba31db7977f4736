"""The incumbent policy, the loans it books and how they perform."""
