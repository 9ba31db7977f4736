"""From the feature matrix to a calibrated PD, a decision and a report. Frames and the feature catalogue arrive as arguments."""
