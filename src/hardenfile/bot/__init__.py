"""The bot: finds Dockerfiles in repositories on a forge, and opens, keeps and closes pull requests for them."""
