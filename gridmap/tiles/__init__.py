"""Vector tiles: pyramids of tilings and points, simplified together, quantised once, and written as MVT 2.1.

``matrix`` says where tiles lie, ``net`` how much each vertex of a tiling matters, ``pyramid`` gives its tiles, ``dots``
those of points, ``columns`` and ``mvt`` write them. Nothing here knows a database or the web.
"""
