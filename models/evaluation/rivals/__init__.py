"""What a model is compared with: rivals on the same months, and the limit that data allow."""
