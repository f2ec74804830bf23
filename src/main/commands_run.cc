// SPDX-License-Identifier: Apache-2.0
// leoflow run: a DAG once, with a home of its own that goes away afterwards. Same engine, agent and
// task processes.
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <map>

#include "base/crypto.h"
#include "base/log.h"
#include "main/commands.h"
#include "main/host.h"
#include "main/server_parts.h"
#include "main/temporary_folder.h"

namespace leoflow {
namespace {

constexpr size_t kLogReadMax = 256 * 1024;

// Follows one run: changes arrive on the engine's strand, logs on the agent service's; both are
// told on the thread that called wait().
class Follower {
 public:
  Follower(Server::Parts& parts, const cli::RunOnceEvents& events)
      : parts_(parts), events_(events), woken_(eventfd(0, EFD_CLOEXEC)) {
    subscription_ = parts_.engine.subscribe([this](const std::vector<Change>& changes) {
      news_.with([&](News& news) {
        news.changes.insert(news.changes.end(), changes.begin(), changes.end());
      });
      eventfd_write(woken_.get(), 1);
    });
  }

  // Returns when the run has finished.
  void wait(const std::string& run_id) {
    for (bool finished = false; !finished;) {
      eventfd_t count = 0;
      eventfd_read(woken_.get(), &count);
      News news = news_.with([](News& waiting) { return std::exchange(waiting, {}); });
      for (const Change& change : news.changes) {
        if (change.run_id != run_id) continue;
        if (change.kind == Change::Kind::task_instance) take(change);
        finished = finished || (change.kind == Change::Kind::run &&
                                (change.state == "success" || change.state == "failed"));
      }
      if (news.logs_grew) read_logs();
    }
  }

  // What has been written of every log that was seen, to its end.
  void read_logs() {
    for (auto& [attempt, tail] : tails_) read(tail);
  }

 private:
  // What other threads saw since wait() looked last.
  struct News {
    std::vector<Change> changes;
    bool logs_grew = false;
  };
  struct Tail {
    std::string task_id;
    fs::path path;
    uint64_t offset = 0;
    std::shared_ptr<void> watch;
  };

  void take(const Change& change) {
    if (events_.on_task) events_.on_task(change.task_id, change.try_number, change.state);
    TaskInstanceName name{change.dag_id, change.run_id, change.task_id, change.map_index};
    auto row = parts_.store.runs().get_task_instance(name);
    if (!row || !*row || !(*row)->attempt) return;
    AttemptId attempt = (*row)->attempt->id;
    if (tails_.contains(attempt)) return;
    auto watch = parts_.logs.watch(attempt, [this] {
      news_.with([](News& news) { news.logs_grew = true; });
      eventfd_write(woken_.get(), 1);
    });
    fs::path path = parts_.logs.path_of(name, (*row)->attempt->try_number, attempt);
    read(tails_.emplace(attempt, Tail{change.task_id, path, 0, std::move(watch)}).first->second);
  }

  void read(Tail& tail) {
    std::string text;
    if (auto file = read_file(tail.path))
      text = file->substr(std::min<size_t>(tail.offset, file->size()));
    size_t start = 0;
    for (size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', start)) {
      show(tail.task_id, text.substr(start, std::min(end - start, kLogReadMax)));
      start = end + 1;
    }
    tail.offset += start;
  }

  void show(const std::string& task_id, const std::string& line) {
    auto entry = json::parse(line);
    if (!entry || !entry->is_object() || !events_.on_log) return;
    if (json::string_or(entry->as_object(), "logger") == "agent") return;
    std::string text = json::string_or(entry->as_object(), "event");
    std::string trace = json::string_or(entry->as_object(), "exception");
    events_.on_log(task_id, trace.empty() ? text : text + "\n" + trace);
  }

  Server::Parts& parts_;
  const cli::RunOnceEvents& events_;
  Fd woken_;
  Guarded<News> news_;
  std::map<AttemptId, Tail> tails_;  // calling thread only
  std::shared_ptr<void> subscription_;
};

Result<const CompiledDag*> choose_dag(const CompiledFile& compiled, const std::string& dag_id) {
  if (compiled.failure) {
    CompileFailure failure = *compiled.failure;
    std::string hint = std::exchange(failure.hint, {});
    return fail(Code::invalid, import_error_text(failure, compiled.file.name), hint);
  }
  std::string names;
  for (const CompiledDag& dag : compiled.dags) {
    if (dag.spec.dag_id == dag_id || (dag_id.empty() && compiled.dags.size() == 1)) return &dag;
    names += (names.empty() ? "" : ", ") + dag.spec.dag_id;
  }
  if (compiled.dags.empty()) return fail(Code::not_found, compiled.file.name + " defines no DAG");
  if (dag_id.empty())
    return fail(Code::invalid, compiled.file.name + " defines several DAGs: " + names,
                "choose one with --dag");
  return fail(Code::not_found,
              compiled.file.name + " has no DAG '" + dag_id + "'; it defines: " + names);
}

cli::RunOnceResult result_of(Store& store, const DagRun& run) {
  cli::RunOnceResult result{run.dag_id,     run.run_id,   std::string(to_string(run.state)),
                            run.start_date, run.end_date, {}};
  TaskInstanceQuery query{
      .dag_id = run.dag_id, .run_id = run.run_id, .page = {.limit = kPageLimitMax}};
  if (auto rows = store.runs().list_task_instances(query)) {
    for (const TaskInstanceRow& row : rows->rows) {
      const TaskInstance& task = row.task_instance;
      result.tasks.push_back({task.task_id, task.map_index, std::string(to_string(task.state)),
                              task.try_number, task.start_date, task.end_date, task.reason});
    }
  }
  return result;
}

}  // namespace

Result<cli::RunOnceResult> Commands::run_once(const cli::RunOnceOptions& options,
                                              const cli::RunOnceEvents& events) {
  log::configure(log::Level::error, false);
  auto conf = json::parse(options.conf);
  if (!conf || !conf->is_object())
    return fail(Code::invalid, "--conf is not a JSON object", "--conf '{\"name\": 1}'");
  auto file = dag_file_at(options.path);
  if (!file) return fail(file);
  auto home = TemporaryFolder::make("leoflow-run");
  if (!home) return fail(home);
  auto server = Server::start(
      {.home = home->path(), .serve_http = false, .agent_program = options.agent_path});
  if (!server) return fail(server);
  Server::Parts& parts = (*server)->parts();
  CompiledFile compiled = parts.compiler.compile(
      *file, {.on_environment = parts.warm, .on_progress = events.on_progress});
  auto dag = choose_dag(compiled, options.dag_id);
  if (!dag) return fail(dag);
  Registrar registrar(parts.store.dags(), parts.store.import_errors(), parts.compiler, parts.clock,
                      {.paused_at_creation = PausedAtCreation::none});
  if (auto registered = registrar.register_dag(compiled, **dag); !registered)
    return fail(registered);
  std::string dag_id = (*dag)->spec.dag_id;
  if (auto unpaused = wait_reply<bool>(
          [&](auto reply) { parts.engine.set_paused(dag_id, false, std::move(reply)); });
      !unpaused) {
    return fail(unpaused);
  }
  Follower follower(parts, events);
  TriggerRequest request{.dag_id = dag_id, .conf = conf->as_object(), .triggered_by = "cli"};
  auto run = wait_reply<DagRun>(
      [&](auto reply) { parts.engine.trigger(std::move(request), std::move(reply)); });
  if (!run) return fail(run);
  follower.wait(run->run_id);
  (*server)->stop_with_agent();
  follower.read_logs();
  auto ended = parts.store.runs().get_run(run->key);
  if (!ended) return fail(ended);
  return result_of(parts.store, **ended);
}

}  // namespace leoflow
