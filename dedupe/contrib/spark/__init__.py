"""The bulk job on a Spark cluster: `pip install 'news-dedupe[spark]'`, and Java 17 or newer.

    from dedupe.contrib import spark

    with spark.session("spark://host:7077") as session:
        spark.run(session, ["/shared/crawl"], "/shared/cleaned", spark.BulkOptions())

`deduplicate` does the same for a data frame. What is found is what `dedupe bulk` finds on one machine: the
same functions clean, sign, verify and choose.

With `spark-submit`, a file of two lines (`from dedupe.cli import main` and `main()`) is the application:

    spark-submit --master yarn --archives env.tar.gz#env --conf spark.pyspark.python=./env/bin/python \\
        job.py spark /shared/crawl -o /shared/cleaned
"""

from __future__ import annotations

try:
    import pandas  # noqa: F401 - what the engine's Arrow functions ask for
    import pyspark  # noqa: F401
except ImportError as error:
    raise ImportError(f"{error}; install it with: pip install 'news-dedupe[spark]'") from error

from dedupe.bulk.tasks import BulkOptions
from dedupe.contrib.spark.finishing import FINISHED
from dedupe.contrib.spark.flow import Tuning
from dedupe.contrib.spark.job import Summary, check_java, deduplicate, run, session

__all__ = [
    "FINISHED",
    "BulkOptions",
    "Summary",
    "Tuning",
    "check_java",
    "deduplicate",
    "run",
    "session",
]
