"""`creditloom bench earlier`: CPU and latency of this checkout beside those of another one."""
