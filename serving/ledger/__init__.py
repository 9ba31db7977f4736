"""Record what every decision was made of, so that it can be checked and repeated years later."""
