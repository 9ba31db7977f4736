"""Commands for who builds a model: params, fit, keep, register, dictionary."""
