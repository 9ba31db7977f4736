"""What a bundle states: conditions, products, law profiles, policy, prices and offers."""
