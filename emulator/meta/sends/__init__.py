"""What a bot sends to people: what a request may hold, whom it reaches, what comes back of it."""
