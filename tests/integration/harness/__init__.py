"""Real servers, real sentinels and what the tests ask of them; one noun per file."""
