"""Apache Spark as the engine: the same statements over the same lake, on a cluster or on this machine.

:mod:`dialect` writes a statement as Spark SQL, :mod:`session` finds or starts a Spark, :mod:`engine` runs statements.
Only :mod:`session` and :mod:`engine` need the ``spark`` extra, and they import it inside functions.
"""

from qmsreports.kpi.spark.engine import Spark

__all__ = ["Spark"]
