"""The demonstration district, made from a written seed."""
