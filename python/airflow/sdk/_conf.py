# SPDX-License-Identifier: Apache-2.0
"""`conf`: options a DAG file may look up. AIRFLOW__SECTION__KEY in the environment wins over the
defaults here."""
import os

_DEFAULTS = {
    ("core", "default_timezone"): "utc", ("core", "parallelism"): "32",
    ("core", "max_active_tasks_per_dag"): "16",
    ("core", "max_active_runs_per_dag"): "16", ("core", "default_task_retries"): "0",
    ("core", "default_task_retry_delay"): "300", ("core", "max_map_length"): "1024",
    ("core", "load_examples"): "False",
    ("core", "dags_are_paused_at_creation"): "True", ("core", "unit_test_mode"): "False",
    ("operators", "default_owner"): "airflow", ("operators", "default_queue"): "default",
    ("operators", "default_deferrable"): "false", ("api", "base_url"): "http://localhost:8080",
    ("scheduler", "catchup_by_default"): "False",
}
_TRUE, _FALSE = ("t", "true", "1", "yes", "on"), ("f", "false", "0", "no", "off")
_MISSING = object()


class Conf:
    """Reads options; an unknown one without `fallback` raises AirflowConfigException."""

    def get(self, section, key, fallback=_MISSING, **_):
        value = self._find(section, key)
        if value is not None:
            return value
        if fallback is not _MISSING:
            return fallback
        from airflow.sdk.exceptions import AirflowConfigException
        raise AirflowConfigException(f"section/key [{section}/{key}] not found in config")

    @staticmethod
    def _find(section, key):
        name = f"AIRFLOW__{section}__{key}".upper().replace(".", "_")
        return os.environ.get(name, _DEFAULTS.get((section.lower(), key.lower())))

    def has_option(self, section, key):
        return self._find(section, key) is not None

    def _parsed(self, parse, kind, section, key, options):
        value = self.get(section, key, **options)
        if not isinstance(value, str):
            return value
        try:
            return parse(value.strip())
        except ValueError:
            from airflow.sdk.exceptions import AirflowConfigException
            raise AirflowConfigException(f"[{section}/{key}] is {value!r}, not {kind}") from None

    def getint(self, section, key, **options):
        return self._parsed(int, "an integer", section, key, options)

    def getfloat(self, section, key, **options):
        return self._parsed(float, "a number", section, key, options)

    def getboolean(self, section, key, **options):
        return self._parsed(_boolean, "a boolean", section, key, options)

    def getlist(self, section, key, delimiter=",", **options):
        return self._parsed(lambda text: [one.strip() for one in text.split(delimiter)] if text
                            else [], "a list", section, key, options)


def _boolean(text):
    if text.lower() in _TRUE:
        return True
    if text.lower() in _FALSE:
        return False
    raise ValueError(text)


conf = Conf()
