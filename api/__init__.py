"""FastAPI over the services: parse, one service call, schema."""
