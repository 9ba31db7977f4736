"""From margin to PD: fit the calibration line, find the level of the PD, test a calibrated PD."""
