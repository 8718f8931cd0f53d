"""The page on which the API is read and tried: our contract in a vendored Swagger UI, with no host outside."""
