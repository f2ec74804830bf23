// SPDX-License-Identifier: Apache-2.0
#include "agent/e2e_fixture_test.h"

#include "agent/processes.h"

namespace leoflow {

const char* AgentEndToEnd::kDag = R"PY(
import os, signal, subprocess, sys, time
from airflow.sdk import dag, task

@dag(schedule=None)
def d():
    @task
    def ok():
        print("hello from the task", os.environ.get("AIRFLOW_VAR_PASSWORD"))
        return {"a": 1}

    @task
    def exits():
        os._exit(3)

    @task
    def raises():
        raise ValueError("bad input")

    @task
    def sleeps():
        print("asleep", flush=True)
        time.sleep(1000)

    @task
    def stubborn():
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        subprocess.Popen(["setsid", "sleep", "998"])
        print("ready", flush=True)
        while True:
            try:
                time.sleep(1000)
            except BaseException:
                pass

    @task
    def daemon():
        child = subprocess.Popen(["setsid", "sleep", "999"])
        print("daemon pid", child.pid, "", flush=True)

    @task
    def eats():
        data = []
        while True:
            data.append(bytearray(os.urandom(1 << 20)))

    @task
    def long_line():
        sys.stdout.write("x" * 100_000_000 + "\n")

    @task
    def invalid():
        os.write(1, b"caf\xe9 \xff end\n")

    @task
    def last_words():
        sys.stderr.write("no newline there")
        sys.stdout.write("nor here")

    @task
    def large():
        return "y" * 300_000

    @task
    def fills():
        with open(os.environ["STAGE"] + "/file", "wb") as out:
            out.truncate(5 << 20)

    @task
    def lists(ti=None):
        return ti.xcom_pull("elsewhere", dag_id="other")

    @task(map_index_template="one of two")
    def mapped(n):
        return n

    lists(); mapped.expand(n=[5, 6])
    ok(); exits(); raises(); sleeps(); stubborn(); daemon(); eats()
    long_line(); invalid(); last_words(); large(); fills()

d()
)PY";

namespace {

TEST_F(AgentEndToEnd, RunsATaskAndForgetsItOnceAcknowledged) {
  Claim& claim = prepare(1, "ok");
  claim.secrets["AIRFLOW_VAR_PASSWORD"] = "s3cret-word";
  claim.masked = {"s3cret-word"};
  place(1);
  Outcome outcome = outcome_of(1);
  EXPECT_EQ(outcome.kind, OutcomeKind::succeeded) << outcome.reason;
  EXPECT_TRUE(outcome.started_at.has_value());
  EXPECT_TRUE(server_.wait([&] { return server_.xcoms.contains("return_value"); }));
  EXPECT_EQ(server_.xcoms["return_value"].value.find('{'), 0u);
  EXPECT_TRUE(wait_log(1, "hello from the task ***"));
  EXPECT_TRUE(wait_log(1, "ended: succeeded"));
  EXPECT_EQ(server_.logs[AttemptId{1}].find("s3cret"), std::string::npos);
  EXPECT_TRUE(wait_forgotten(1));
}

// Puts `now` in place of `before` in the start frame.
void edit(Claim& claim, const std::string& before, const std::string& now) {
  size_t at = claim.start_json.find(before);
  ASSERT_NE(at, std::string::npos) << claim.start_json;
  claim.start_json.replace(at, before.size(), now);
}

TEST_F(AgentEndToEnd, TellsHowLongAResultIsAndPullsThoseOfAllMapIndexes) {
  edit(prepare(1, "lists"), "\"max_tries\":0", "\"max_tries\":0,\"map_length_max\":9");
  place(1);
  EXPECT_EQ(outcome_of(1).kind, OutcomeKind::succeeded) << outcome_of(1).reason;
  EXPECT_TRUE(server_.wait([&] { return server_.xcoms.contains("return_value"); }));
  EXPECT_EQ(server_.xcoms["return_value"].value, "[41,42]");
  EXPECT_EQ(server_.xcoms["return_value"].length, 2);
}

TEST_F(AgentEndToEnd, TellsTheLabelOfAMappedInstance) {
  Claim& claim = prepare(1, "mapped");
  edit(claim, "\"map_index\":-1", "\"map_index\":1");
  place(1);
  Outcome outcome = outcome_of(1);
  EXPECT_EQ(outcome.kind, OutcomeKind::succeeded) << outcome.reason;
  EXPECT_TRUE(server_.wait([&] { return server_.xcoms.contains("return_value"); }));
  EXPECT_EQ(server_.xcoms["return_value"].value, "6");
  EXPECT_EQ(server_.xcoms["return_value"].length, std::nullopt);
  EXPECT_EQ(outcome.map_label, "one of two");
}

TEST_F(AgentEndToEnd, SendsUnfinishedLinesBeforeTheOutcomeAndTheEndOfTheLogLast) {
  EXPECT_EQ(run(1, "last_words").kind, OutcomeKind::succeeded);
  AttemptId one{1};
  ASSERT_TRUE(server_.wait([&] { return server_.log_ends.contains(one); }));
  std::lock_guard lock(server_.mutex);
  const std::string& early = server_.logs_at_outcome[one];
  EXPECT_NE(early.find("\"event\":\"no newline there\""), std::string::npos) << early;
  EXPECT_NE(early.find("\"event\":\"nor here\""), std::string::npos) << early;
  EXPECT_EQ(server_.log_ends[one], server_.logs[one].size());
  EXPECT_NE(server_.logs[one].find("ended: succeeded"), std::string::npos);
}

TEST_F(AgentEndToEnd, TellsHowATaskFailed) {
  EXPECT_EQ(run(1, "exits").reason, "exit code 3");
  Outcome raised = run(2, "raises");
  EXPECT_EQ(raised.kind, OutcomeKind::failed);
  EXPECT_EQ(raised.reason, "ValueError: bad input");
  Outcome large = run(3, "large");
  EXPECT_EQ(large.kind, OutcomeKind::failed);
  EXPECT_NE(large.reason.find("return_value"), std::string::npos) << large.reason;
  EXPECT_NE(large.reason.find("262144"), std::string::npos) << large.reason;
}

TEST_F(AgentEndToEnd, RefusesAMissingInterpreterByName) {
  prepare(1, "ok").environment_json =
      R"({"hash":"gone","python":"/no/such/python","site_packages":[],"preload":[]})";
  place(1);
  ASSERT_TRUE(server_.wait([&] { return server_.refused.contains(AttemptId{1}); }));
  EXPECT_NE(server_.refused[AttemptId{1}].find("/no/such/python"), std::string::npos);
  EXPECT_NE(server_.refused[AttemptId{1}].find("hint:"), std::string::npos);
}

TEST_F(AgentEndToEnd, CancelEndsATaskThatIgnoresSigtermAndItsDaemon) {
  prepare(1, "stubborn");
  place(1);
  ASSERT_TRUE(wait_log(1, "ready"));
  int64_t pid = server_.running[AttemptId{1}];
  executor_->cancel(AttemptId{1}, CancelReason::cleared);
  Outcome outcome = outcome_of(1);
  EXPECT_EQ(outcome.kind, OutcomeKind::cancelled);
  EXPECT_EQ(outcome.reason, "cleared");
  EXPECT_TRUE(wait_forgotten(1));
  EXPECT_FALSE(alive(pid));
}

TEST_F(AgentEndToEnd, DaemonsDoNotOutliveTheirTask) {
  EXPECT_EQ(run(1, "daemon").kind, OutcomeKind::succeeded);
  ASSERT_TRUE(wait_log(1, "ended: succeeded"));
  std::string& log = server_.logs[AttemptId{1}];
  size_t at = log.find("daemon pid ");
  ASSERT_NE(at, std::string::npos) << log;
  EXPECT_FALSE(process_start(pid_t(std::stol(log.substr(at + 11)))));
}

TEST_F(AgentEndToEnd, ExecutionTimeoutEndsAHangingTask) {
  Claim& claim = prepare(1, "stubborn");
  claim.execution_timeout = std::chrono::seconds(1);
  place(1);
  Outcome outcome = outcome_of(1);
  EXPECT_EQ(outcome.kind, OutcomeKind::failed);
  EXPECT_NE(outcome.reason.find("execution timeout"), std::string::npos) << outcome.reason;
}

TEST_F(AgentEndToEnd, MemoryLimitIsNamed) {
  prepare(1, "eats").memory_limit_bytes = 128 << 20;
  place(1);
  Outcome outcome = outcome_of(1);
  EXPECT_EQ(outcome.kind, OutcomeKind::failed);
  EXPECT_EQ(outcome.reason, "memory limit 128Mi exceeded");
}

TEST_F(AgentEndToEnd, StagingVolumeFullFailsTheTask) {
  Claim& claim = prepare(1, "fills");
  fs::create_directories(home_ / "stage");
  claim.staging_path = home_ / "stage";
  claim.staging_limit_bytes = 4 << 20;
  std::string marker = "\"env\":{";
  claim.start_json.replace(claim.start_json.find(marker), marker.size(),
                           marker + "\"STAGE\":\"" + (home_ / "stage").string() + "\"");
  place(1);
  Outcome outcome = outcome_of(1);
  EXPECT_EQ(outcome.kind, OutcomeKind::failed);
  EXPECT_EQ(outcome.reason, "staging volume full: 5Mi of 4Mi");
}

TEST_F(AgentEndToEnd, LongAndInvalidLinesAreKept) {
  EXPECT_EQ(run(1, "invalid").kind, OutcomeKind::succeeded);
  EXPECT_TRUE(wait_log(1, "caf\xEF\xBF\xBD \xEF\xBF\xBD end"));
  EXPECT_EQ(run(2, "long_line").kind, OutcomeKind::succeeded);
  ASSERT_TRUE(wait_log(2, "ended: succeeded"));
  size_t count =
      size_t(std::count(server_.logs[AttemptId{2}].begin(), server_.logs[AttemptId{2}].end(), 'x'));
  EXPECT_GE(count, 100'000'000u);
}

TEST_F(AgentEndToEnd, KilledAgentIsReplacedAndReportsWhatItHeld) {
  server_.change([&] { server_.acknowledge = false; });
  EXPECT_EQ(run(1, "ok").kind, OutcomeKind::succeeded);
  prepare(2, "sleeps");
  place(2);
  ASSERT_TRUE(wait_log(2, "asleep"));
  int64_t task = server_.running[AttemptId{2}];
  auto agent = find_live_agent(home_);
  ASSERT_TRUE(agent);
  server_.change([&] {
    server_.outcomes.clear();
    server_.acknowledge = true;
  });
  kill(pid_t(agent->pid), SIGKILL);
  EXPECT_EQ(outcome_of(1).kind, OutcomeKind::succeeded) << "a durable outcome is reported again";
  Outcome lost = outcome_of(2);
  EXPECT_EQ(lost.kind, OutcomeKind::lost);
  EXPECT_EQ(lost.reason, "agent ended");
  EXPECT_FALSE(process_start(pid_t(task)));
  EXPECT_TRUE(server_.lost.empty()) << "the successor reported within the grace";
  EXPECT_TRUE(wait_forgotten(1) && wait_forgotten(2));
}

TEST_F(AgentEndToEnd, TasksOutliveTheServerAndLogsResume) {
  prepare(1, "sleeps");
  place(1);
  ASSERT_TRUE(wait_log(1, "asleep"));
  int64_t pid = server_.running[AttemptId{1}];
  stop_server();
  EXPECT_TRUE(alive(pid));
  start_server();
  ASSERT_TRUE(server_.wait([&] { return server_.connections == 2; }));
  ASSERT_EQ(server_.held.size(), 1u);
  EXPECT_TRUE(server_.held[0].running);
  kill(pid_t(pid), SIGKILL);
  EXPECT_EQ(outcome_of(1).reason, "killed by signal 9 (SIGKILL)");
  ASSERT_TRUE(wait_log(1, "ended: failed"));
  std::string& log = server_.logs[AttemptId{1}];
  EXPECT_EQ(log.find("asleep"), log.rfind("asleep")) << "no line twice";
}

TEST_F(AgentEndToEnd, KilledInterpreterLosesItsTasksAndIsReplaced) {
  prepare(1, "sleeps");
  place(1);
  ASSERT_TRUE(wait_log(1, "asleep"));
  auto agent = find_live_agent(home_);
  ASSERT_TRUE(agent);
  auto interpreters = children(pid_t(agent->pid));
  ASSERT_EQ(interpreters.size(), 1u);
  kill(interpreters[0], SIGKILL);
  EXPECT_EQ(outcome_of(1).kind, OutcomeKind::lost);
  EXPECT_EQ(run(2, "ok").kind, OutcomeKind::succeeded);
}

TEST_F(AgentEndToEnd, ARetiredAgentIsReplacedWhenItsTasksAreOver) {
  prepare(1, "sleeps");
  place(1);
  ASSERT_TRUE(wait_log(1, "asleep"));
  auto old = find_live_agent(home_);
  ASSERT_TRUE(old);
  service_->retire(old->agent_id, "another version");
  prepare(2, "ok");
  place(2);
  EXPECT_TRUE(server_.refused.empty()) << "it waits for the next agent";
  executor_->cancel(AttemptId{1}, CancelReason::cleared);
  EXPECT_EQ(outcome_of(1).kind, OutcomeKind::cancelled) << "orders still reach the old one";
  EXPECT_EQ(outcome_of(2).kind, OutcomeKind::succeeded);
  auto fresh = find_live_agent(home_);
  ASSERT_TRUE(fresh);
  EXPECT_NE(fresh->pid, old->pid);
  EXPECT_TRUE(server_.refused.empty() && server_.lost.empty());
}

// The number that DESIGN.md asks for, printed rather than asserted: machines differ.
TEST_F(AgentEndToEnd, PrintsHowLongAWarmStartTakes) {
  ASSERT_EQ(run(1, "ok").kind, OutcomeKind::succeeded);
  std::vector<double> forked, started, settled;
  for (int64_t id = 2; id < 22; ++id) {
    prepare(id, "ok");
    auto begin = std::chrono::steady_clock::now();
    Time placed = SystemClock().now();
    auto since = [&] {
      return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin)
          .count();
    };
    place(id);
    ASSERT_TRUE(wait_running(id));
    started.push_back(since());
    ASSERT_EQ(outcome_of(id).kind, OutcomeKind::succeeded);
    settled.push_back(since());
    ASSERT_TRUE(wait_log(id, "started on"));
    std::string first = server_.logs[AttemptId{id}].substr(14, 27);  // {"timestamp":"...
    forked.push_back(to_seconds(*parse_time(first) - placed) * 1000);
  }
  std::sort(forked.begin(), forked.end());
  std::sort(started.begin(), started.end());
  std::sort(settled.begin(), settled.end());
  std::printf("placed -> process p50 %.1f ms, p90 %.1f ms; ", forked[10], forked[18]);
  std::printf("placed -> user code runs p50 %.1f ms, p90 %.1f ms; placed -> outcome p50 %.1f ms\n",
              started[10], started[18], settled[10]);
}

}  // namespace
}  // namespace leoflow
