"""The Graph API of one account: how it is addressed, what can be asked, and what it refuses."""
