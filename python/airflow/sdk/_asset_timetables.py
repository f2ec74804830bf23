# SPDX-License-Identifier: Apache-2.0
"""Schedules that wait for assets."""
from airflow.sdk._assets import AssetAlias, condition_of
from airflow.sdk._timetables import BaseTimetable, timetable_of


class AssetTriggeredTimetable(BaseTimetable):
    """A run each time the condition has become true."""

    can_be_scheduled = periodic = False
    description = "Triggered by assets"

    def __init__(self, assets):
        self.asset_condition = condition_of(assets)
        if self.asset_condition is None:
            raise ValueError(f"assets must be an asset or a list of assets, not {assets!r}")
        only_aliases = all(isinstance(one, AssetAlias) for one in self.asset_condition._leaves())
        self.summary = "Unresolved AssetAlias" if only_aliases else "Asset"

    def spec(self):
        return {"kind": "assets", "assets": self.asset_condition.as_expression()}


class AssetOrTimeSchedule(BaseTimetable):
    """Runs of a timetable, and others when the condition has become true."""

    def __init__(self, *, timetable, assets=None, datasets=None):
        self.timetable = timetable_of(timetable, "UTC")
        chosen = datasets if assets is None else assets
        self.asset_condition = condition_of(chosen)
        if self.asset_condition is None:
            raise ValueError(f"assets must be an asset or a list of assets, not {chosen!r}")
        self.can_be_scheduled = self.timetable.can_be_scheduled
        self.periodic = self.timetable.periodic
        self.active_runs_limit = self.timetable.active_runs_limit
        self.summary = f"Asset or {self.timetable.summary}"
        told = self.timetable.description or self.timetable.summary
        self.description = f"Triggered by assets or {told}"

    def spec(self):
        return {**self.timetable.spec(), "assets": self.asset_condition.as_expression()}
