"""`make deploy` and `make destroy`: the stacks on AWS, in order, with the secrets that no template may hold."""
