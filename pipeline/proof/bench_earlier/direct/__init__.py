"""The direct path beside the frame path of an earlier checkout: one decision each, in turns."""
