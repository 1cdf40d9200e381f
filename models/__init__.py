"""Networks worth naming, one file each."""
