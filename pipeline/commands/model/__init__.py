"""Commands for building a model: params, fit, keep, register, dictionary."""
