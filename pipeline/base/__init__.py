"""What every stage and command uses: parameters, paths, the matrix, and how a stage runs."""
