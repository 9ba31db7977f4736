"""From the visible events of one stream to one number per application: loops and formulas."""
