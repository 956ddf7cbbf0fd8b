"""How private a piece of what is stored is."""

from enum import StrEnum


class Privacy(StrEnum):
    """Who may see a field, from anybody to nobody.

    ``public``: anybody, signed in or not. ``internal``: who has the area in which it is, for the work there; figures,
    codes and names of areas, offices and accounts. ``personal``: names and telephone numbers of people; in that area,
    and with the permission to know them. ``sensitive``: what people wrote or said, where single persons were, secrets;
    in no answer, but for a secret in the one answer that hands it to its owner.
    """

    PUBLIC = "public"
    INTERNAL = "internal"
    PERSONAL = "personal"
    SENSITIVE = "sensitive"
