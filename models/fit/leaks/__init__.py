"""What a table gives away: leaks, copies and proxies, told as warnings."""
