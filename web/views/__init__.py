"""What pages show: facts of the queries turned into the words and figures that templates write. Nothing here changes anything."""
