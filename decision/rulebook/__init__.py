"""What a bundle states: conditions, products, law profiles, policy, price and offer."""
