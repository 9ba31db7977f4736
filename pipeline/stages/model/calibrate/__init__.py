"""Stage `calibrate`: fits the line logit(PD) = a margin + b on the calibration months."""
