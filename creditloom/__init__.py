"""Credit decisions from raw events to an explained, priced, replayable decision."""
