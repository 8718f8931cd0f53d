"""What stands in for AWS and Stripe on one machine: `make dev`, `make test` and what they need."""
