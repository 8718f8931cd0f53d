"""Checks of the Stripe stand-in by Stripe's own tools: the published OpenAPI, the official SDK, the official CLI."""
