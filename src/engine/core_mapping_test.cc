// SPDX-License-Identifier: Apache-2.0
#include "engine/core_harness_for_test.h"

namespace leoflow {
namespace {

using Names = std::vector<std::pair<std::string, std::optional<int>>>;

std::vector<MapSource> over(int64_t length) { return {{.length = length}}; }
std::vector<MapSource> over(const std::string& task_id) {
  return {{.kind = MapSource::Kind::task, .task_id = task_id}};
}

// files > each > total, `each` mapped over what files returns.
void fan_out(CoreHarness& h, const std::function<void(DagSpec&)>& edit = {}) {
  h.dag("d", "files>each each>total", [&](DagSpec& spec) {
    CoreHarness::task(spec, "each").expand = over("files");
    if (edit) edit(spec);
  });
}

// files > load > measure > total, load and measure in a group that is mapped over files.
void mapped_group(CoreHarness& h, TriggerRule of_measure = TriggerRule::all_success) {
  h.dag("d", "files>load load>measure measure>total", [&](DagSpec& spec) {
    spec.mapped_groups["handle"] = over("files");
    for (std::string id : {"load", "measure"}) CoreHarness::task(spec, id).task_groups = {"handle"};
    CoreHarness::task(spec, "measure").trigger_rule = of_measure;
    CoreHarness::task(spec, "total").trigger_rule = TriggerRule::all_done;
  });
}

Result<std::vector<Touched>> clear(CoreHarness& h, Names tasks,
                                   const std::function<void(ClearRequest&)>& edit = {}) {
  ClearRequest request{.dag_id = "d",
                       .run_id = "r",
                       .task_ids = std::move(tasks),
                       .dry_run = false,
                       .only_failed = false};
  if (edit) edit(request);
  return h.ask<std::vector<Touched>, event::Clear>(request);
}

// The server starts anew.
void restart(CoreHarness& h) {
  ASSERT_TRUE(h.core->load(h.now).has_value());
  h.step();
}

TEST(Mapping, ALengthInDagPyMakesInstancesFromTheStart) {
  CoreHarness h;
  h.dag("d", "first>each", [](DagSpec& spec) { CoreHarness::task(spec, "each").expand = over(3); });
  h.trigger("d", "r").value();
  EXPECT_EQ(h.states("d", "r"), "each[0]=- each[1]=- each[2]=- first=queued");
  h.end("r/first");
  EXPECT_EQ(h.states("d", "r"), "each[0]=queued each[1]=queued each[2]=queued first=success");
  for (std::string index : {"2", "0", "1"}) h.end("r/each[" + index + "]");
  EXPECT_EQ(h.state("d", "r"), "success");
}

TEST(Mapping, ExpandsOverWhatATaskReturnsAndWhoFollowsWaitsForAll) {
  CoreHarness h;
  fan_out(h);
  h.trigger("d", "r").value();
  EXPECT_EQ(h.states("d", "r"), "each=- files=queued total=-");
  h.returns("r/files", 3);
  EXPECT_EQ(h.states("d", "r"),
            "each[0]=queued each[1]=queued each[2]=queued files=success total=-");
  h.end("r/each[1]");
  EXPECT_EQ(h.reason("d", "r", "total"), "waits for each (2 of 3)");
  h.end("r/each[0]");
  EXPECT_FALSE(h.placed.contains("r/total"));
  h.end("r/each[2]");
  h.end("r/total");
  EXPECT_EQ(h.state("d", "r"), "success");
}

TEST(Mapping, WhoShowsTheInstanceWithoutAnIndexIsToldThatItIsGone) {
  CoreHarness h;
  fan_out(h);
  h.trigger("d", "r").value();
  h.changes.clear();
  h.returns("r/files", 2);
  std::string told;
  for (const Change& change : h.changes) {
    if (change.task_id == "each")
      told += std::to_string(change.map_index) + (change.deleted ? "- " : "+ ");
  }
  EXPECT_EQ(told, "-1- 0+ 1+ ");
}

TEST(Mapping, SourcesMultiplyZipAndConcat) {
  auto length = [](std::vector<MapSource> sources) {
    return mapped_length(sources, [](const std::string& id) {
      return id == "five" ? std::optional<int64_t>(5) : std::nullopt;
    });
  };
  MapSource two{.length = 2}, five{.kind = MapSource::Kind::task, .task_id = "five"};
  MapSource unknown{.kind = MapSource::Kind::task, .task_id = "other"};
  EXPECT_EQ(length({two, five}), 10);
  EXPECT_EQ(length({{.kind = MapSource::Kind::zip, .parts = {two, five}}}), 2);
  EXPECT_EQ(length({{.kind = MapSource::Kind::zip, .fill = true, .parts = {two, five}}}), 5);
  EXPECT_EQ(length({{.kind = MapSource::Kind::concat, .parts = {two, five}}}), 7);
  EXPECT_EQ(length({two, unknown}), std::nullopt);
  EXPECT_EQ(length({{.length = 30'000}, five}), kMappedInstancesMax + 1);
}

TEST(Mapping, OverNothingIsSkippedAsAWhole) {
  CoreHarness h;
  fan_out(h);
  h.trigger("d", "r").value();
  h.returns("r/files", 0);
  EXPECT_EQ(h.states("d", "r"), "each=skipped files=success total=skipped");
  EXPECT_EQ(h.instance("d", "r", "each").reason, "it is mapped over no elements");
  EXPECT_EQ(h.state("d", "r"), "success");
}

TEST(Mapping, EndsWithItsSourceWhateverItsRule) {
  CoreHarness h;
  fan_out(h, [](DagSpec& spec) {
    CoreHarness::task(spec, "each").trigger_rule = TriggerRule::all_done;
  });
  h.trigger("d", "r").value();
  h.end("r/files", OutcomeKind::failed);
  EXPECT_EQ(h.states("d", "r"), "each=upstream_failed files=failed total=upstream_failed");
  h.trigger("d", "s").value();
  h.end("s/files", OutcomeKind::skipped);
  EXPECT_EQ(h.states("d", "s"), "each=skipped files=skipped total=skipped");
}

TEST(Mapping, ASourceThatReturnedNothingIsNamed) {
  CoreHarness h;
  fan_out(h);
  h.trigger("d", "r").value();
  h.end("r/files");
  EXPECT_EQ(h.states("d", "r"), "each=upstream_failed files=success total=upstream_failed");
  EXPECT_EQ(h.instance("d", "r", "each").reason, "'files' returned nothing to map over");
}

TEST(Mapping, TooManyInstancesFailTheTaskWithAReason) {
  CoreHarness h;
  fan_out(h);
  h.trigger("d", "r").value();
  h.returns("r/files", kMappedInstancesMax + 1);
  EXPECT_EQ(h.states("d", "r"), "each=failed files=success total=upstream_failed");
  EXPECT_EQ(h.instance("d", "r", "each").reason, "mapped over more than 20000 elements");
}

TEST(Mapping, AMappedSourceCountsTheInstancesThatReturnedSomething) {
  CoreHarness h;
  h.dag("d", "first>second", [](DagSpec& spec) {
    CoreHarness::task(spec, "first").expand = over(3);
    CoreHarness::task(spec, "second").expand = over("first");
  });
  h.trigger("d", "r").value();
  h.returns("r/first[0]", std::nullopt);
  h.end("r/first[1]");
  EXPECT_EQ(h.states("d", "r").find("second[0]"), std::string::npos);
  h.returns("r/first[2]", std::nullopt);
  EXPECT_EQ(h.states("d", "r"),
            "first[0]=success first[1]=success first[2]=success second[0]=queued second[1]=queued");
}

TEST(Mapping, WithinAMappedGroupAnInstanceLooksAtItsOwnIndex) {
  CoreHarness h;
  mapped_group(h);
  h.trigger("d", "r").value();
  h.returns("r/files", 2);
  EXPECT_EQ(h.states("d", "r"),
            "files=success load[0]=queued load[1]=queued measure[0]=- measure[1]=- total=-");
  h.end("r/load[1]");
  EXPECT_TRUE(h.placed.contains("r/measure[1]"));
  EXPECT_FALSE(h.placed.contains("r/measure[0]"));
  h.end("r/load[0]", OutcomeKind::failed);
  EXPECT_EQ(h.states("d", "r"),
            "files=success load[0]=failed load[1]=success measure[0]=upstream_failed "
            "measure[1]=queued total=-");
  h.end("r/measure[1]");
  h.end("r/total");
  EXPECT_EQ(h.state("d", "r"), "success");
}

TEST(Mapping, ARuleThatAsksForOneLooksAtAllOfTheGroup) {
  CoreHarness h;
  mapped_group(h, TriggerRule::one_failed);
  h.trigger("d", "r").value();
  h.returns("r/files", 2);
  h.end("r/load[1]", OutcomeKind::failed);
  EXPECT_TRUE(h.placed.contains("r/measure[0]"));
  EXPECT_TRUE(h.placed.contains("r/measure[1]"));
}

TEST(Mapping, AMappedGroupOverNothingIsSkipped) {
  CoreHarness h;
  mapped_group(h, TriggerRule::all_done);
  h.trigger("d", "r").value();
  h.returns("r/files", 0);
  EXPECT_EQ(h.states("d", "r"), "files=success load=skipped measure=skipped total=queued");
}

TEST(Mapping, GoesOnAfterARestart) {
  CoreHarness h;
  fan_out(h);
  h.trigger("d", "r").value();
  h.returns("r/files", 3);
  h.end("r/each[0]");
  restart(h);
  for (std::string index : {"1", "2"}) h.end("r/each[" + index + "]");
  h.end("r/total");
  EXPECT_EQ(h.states("d", "r"),
            "each[0]=success each[1]=success each[2]=success files=success total=success");
  EXPECT_EQ(h.state("d", "r"), "success");
}

TEST(Mapping, ExpandsAfterARestartFromWhatIsStored) {
  CoreHarness h;
  h.dag("d", "files>each slow>each",
        [](DagSpec& spec) { CoreHarness::task(spec, "each").expand = over("files"); });
  h.trigger("d", "r").value();
  h.returns("r/files", 2);
  restart(h);
  h.end("r/slow");
  EXPECT_EQ(h.states("d", "r"), "each[0]=queued each[1]=queued files=success slow=success");
}

TEST(Mapping, AClearedSourceThatReturnsLessRemovesInstances) {
  CoreHarness h;
  fan_out(h);
  h.trigger("d", "r").value();
  h.returns("r/files", 3);
  for (std::string index : {"0", "1", "2"}) h.end("r/each[" + index + "]");
  h.end("r/total");
  clear(h, {{"files", std::nullopt}}, [](ClearRequest& r) { r.include_downstream = true; }).value();
  h.returns("r/files", 1);
  EXPECT_EQ(h.states("d", "r"),
            "each[0]=queued each[1]=removed each[2]=removed files=success total=-");
  h.end("r/each[0]");
  h.end("r/total");
  EXPECT_EQ(h.state("d", "r"), "success");
  // And more again: what was removed comes back.
  clear(h, {{"files", std::nullopt}}, [](ClearRequest& r) { r.include_downstream = true; }).value();
  h.returns("r/files", 4);
  EXPECT_EQ(h.states("d", "r"),
            "each[0]=queued each[1]=queued each[2]=queued each[3]=queued files=success total=-");
}

TEST(Mapping, OneInstanceIsClearedWithWhatFollows) {
  CoreHarness h;
  fan_out(h);
  h.trigger("d", "r").value();
  h.returns("r/files", 2);
  h.end("r/each[0]");
  h.end("r/each[1]", OutcomeKind::failed);
  EXPECT_EQ(h.state("d", "r"), "failed");
  auto touched = clear(h, {{"each", 1}}, [](ClearRequest& r) { r.include_downstream = true; });
  ASSERT_EQ(touched->size(), 2U);
  EXPECT_EQ(h.states("d", "r"), "each[0]=success each[1]=queued files=success total=-");
  EXPECT_EQ(h.placed.at("r/each[1]").try_number, 2);
}

TEST(Mapping, ClearingWithinAMappedGroupKeepsToTheIndex) {
  CoreHarness h;
  mapped_group(h);
  h.trigger("d", "r").value();
  h.returns("r/files", 2);
  for (std::string id : {"load[0]", "load[1]", "measure[0]", "measure[1]", "total"})
    h.end("r/" + id);
  clear(h, {{"load", 1}}, [](ClearRequest& r) { r.include_downstream = true; }).value();
  EXPECT_EQ(h.states("d", "r"),
            "files=success load[0]=success load[1]=queued measure[0]=success measure[1]=- total=-");
}

TEST(Mapping, OneInstanceIsMarkedOrAll) {
  CoreHarness h;
  fan_out(h);
  h.trigger("d", "r").value();
  h.returns("r/files", 3);
  MarkTaskRequest request{.name = {"d", "r", "each", 1}, .state = TaskState::success};
  (h.ask<std::vector<Touched>, event::MarkTask>(request).value());
  EXPECT_EQ(h.states("d", "r"),
            "each[0]=queued each[1]=success each[2]=queued files=success total=-");
  request.name.map_index = kUnmapped;
  EXPECT_EQ((h.ask<std::vector<Touched>, event::MarkTask>(request)->size()), 3U);
  EXPECT_EQ(h.states("d", "r"),
            "each[0]=success each[1]=success each[2]=success files=success total=queued");
}

TEST(Mapping, LimitsOfATaskCountAllItsInstances) {
  CoreHarness h;
  fan_out(h, [](DagSpec& spec) { CoreHarness::task(spec, "each").max_active_tis_per_dagrun = 2; });
  h.trigger("d", "r").value();
  h.returns("r/files", 4);
  EXPECT_EQ(
      h.states("d", "r"),
      "each[0]=queued each[1]=queued each[2]=scheduled each[3]=scheduled files=success total=-");
  h.end("r/each[0]");
  EXPECT_TRUE(h.placed.contains("r/each[2]"));
  EXPECT_FALSE(h.placed.contains("r/each[3]"));
}

TEST(Mapping, AVersionThatMapsNoMoreRemovesInstances) {
  CoreHarness h;
  fan_out(h);
  h.trigger("d", "r").value();
  h.returns("r/files", 2);
  for (std::string id : {"each[0]", "each[1]", "total"}) h.end("r/" + id);
  h.dag("d", "files>each each>total");
  clear(h, {{"total", std::nullopt}}, [](ClearRequest& r) {
    r.run_on_latest_version = true;
  }).value();
  EXPECT_EQ(h.states("d", "r"),
            "each=queued each[0]=removed each[1]=removed files=success total=-");
  h.end("r/each");
  h.end("r/total");
  EXPECT_EQ(h.state("d", "r"), "success");
}

TEST(Mapping, ADeletedInstanceComesBackWithItsIndex) {
  CoreHarness h;
  fan_out(h);
  h.trigger("d", "r").value();
  h.returns("r/files", 3);
  for (std::string id : {"each[0]", "each[1]", "each[2]", "total"}) h.end("r/" + id);
  ASSERT_TRUE((h.ask<bool, event::DeleteTask>(TaskInstanceName{"d", "r", "each", 1}).has_value()));
  EXPECT_EQ(h.states("d", "r"), "each[0]=success each[2]=success files=success total=success");
  clear(h, {{"total", std::nullopt}}).value();
  EXPECT_EQ(h.states("d", "r"),
            "each[0]=success each[1]=queued each[2]=success files=success total=-");
}

TEST(Mapping, TheLabelOfAnInstanceIsKept) {
  CoreHarness h;
  fan_out(h);
  h.trigger("d", "r").value();
  h.returns("r/files", 1);
  Outcome outcome{.attempt = h.placed.at("r/each[0]").attempt,
                  .kind = OutcomeKind::succeeded,
                  .ended_at = h.now};
  outcome.map_label = "ROME";
  h.core->handle(event::OutcomeReported{outcome}, h.now);
  h.step();
  EXPECT_EQ(h.instance("d", "r", "each").map_label, "ROME");
}

}  // namespace
}  // namespace leoflow
