"""What every stage and command stands on: parameters, paths, the frame of a stage."""
