"""What every stage and command stands on: parameters, product files, paths, how a stage runs."""
