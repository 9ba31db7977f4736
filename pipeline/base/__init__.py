"""What every stage and command stands on: parameters, paths, how a stage runs."""
