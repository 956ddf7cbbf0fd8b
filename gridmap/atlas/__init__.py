"""Maps of what a store holds: the records of a window brought to the map functions, for the service and the shell."""
