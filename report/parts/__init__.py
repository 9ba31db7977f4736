"""What a report is made of: data, blocks and examples."""
