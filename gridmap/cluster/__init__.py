"""The same join on Apache Spark, for more points than one machine answers in time. Needs the extra ``spark``."""
