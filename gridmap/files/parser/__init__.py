"""What runs inside the disposable child process: parsers of untrusted files, and nothing heavier than pyarrow.

The child imports these modules without running ``gridmap/__init__.py`` (see ``__main__``), so nothing here may import
geopandas, pandas or any part of gridmap other than ``errors``, ``i18n``, ``files.text`` and ``files.sniff``.
"""
