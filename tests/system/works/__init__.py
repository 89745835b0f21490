"""A small company with one system of each kind, in which a whole line takes seconds: what is killed again and again."""
