# SPDX-License-Identifier: Apache-2.0
"""airflow.utils.dates, which Airflow 3 removed."""
import datetime


def days_ago(n, hour=0, minute=0, second=0, microsecond=0):
    """Midnight UTC (or the given time of day) n days ago."""
    today = datetime.datetime.now(datetime.timezone.utc)
    return today.replace(hour=hour, minute=minute, second=second,
                         microsecond=microsecond) - datetime.timedelta(days=n)
