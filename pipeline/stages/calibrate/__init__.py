"""Stage `calibrate`: margins of the calibration months to the line logit(PD) = a margin + b."""
