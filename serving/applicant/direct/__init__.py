"""One or few applications, dict in and dict out, by the code that decides a batch."""
