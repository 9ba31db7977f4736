"""Tell what lies at a place: which files a folder holds, and what they contain."""
