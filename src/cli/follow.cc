// SPDX-License-Identifier: Apache-2.0
#include "cli/follow.h"

#include <poll.h>

#include <cerrno>
#include <chrono>
#include <deque>
#include <list>
#include <map>
#include <set>

#include "async/loop.h"
#include "cli/format.h"
#include "cli/reasons.h"
#include "cli/text_stream.h"

namespace leoflow::cli {
namespace {

using Steady = std::chrono::steady_clock;

constexpr auto kBeat = std::chrono::seconds(1);          // redraws the status line, tries again
constexpr auto kResyncEvery = std::chrono::seconds(30);  // should an event ever be missed
constexpr auto kLogQuietMax = std::chrono::seconds(15);  // of logs after the end of the run
constexpr auto kStillMax = std::chrono::seconds(5);      // without news, then it is told why
constexpr std::string_view kNoLog = "There is no log for this try.";

std::string log_path(const LogRequest& request) {
  std::string path =
      run_path(request.dag_id, request.run_id,
               {"taskInstances", request.task_id, "logs", std::to_string(request.try_number)});
  return with_query(std::move(path), {{"follow", request.follow ? "true" : "false"},
                                      {"map_index", std::to_string(request.map_index)}});
}

// A try whose state says that a process has been (or is about to be) at work.
bool may_have_log(std::string_view state) {
  return state == "running" || state == "success" || state == "failed" || state == "up_for_retry" ||
         state == "up_for_reschedule" || state == "deferred" || state == "restarting";
}

// Sleeps by waiting for nothing.
void pause(std::chrono::milliseconds time) { poll(nullptr, 0, int(time.count())); }

// One log that is being shown.
struct Tail {
  LogRequest request;
  std::string label;
  std::optional<HttpStream> stream;
  LineSplitter lines;
  size_t lines_seen = 0;  // of the log, for going on after a broken connection
  size_t lines_to_skip = 0;
  int failures = 0;
};

class Follower {
 public:
  Follower(Context& context, ApiClient& api, const FollowRequest& request)
      : context_(context), api_(api), request_(request) {}

  Result<RunView> run();

 private:
  Status refresh();  // all states, from the API
  Status connect();  // the event stream, then refresh()
  Status reconnect();
  Status wait();
  Status read_events();
  void on_event(const ServerEvent& event);
  void note_task(const json::object& task);
  void tail_try(const json::object& task, const std::string& label, int64_t try_number);
  void start_tails();
  void open_tail(Tail& tail);
  void read_tail(Tail& tail);
  void read_tails();
  void print_record(Tail& tail, const std::string& line);
  void draw_status();
  void tell_what_holds();
  bool over() const { return run_is_over(state_); }

  Context& context_;
  ApiClient& api_;
  const FollowRequest& request_;
  std::optional<HttpStream> events_;
  EventSplitter splitter_;
  RunView view_;
  std::string state_;
  std::map<std::string, std::string> task_states_;
  std::set<std::pair<std::string, int64_t>> tailed_;  // label, try
  std::deque<Tail> waiting_;
  std::list<Tail> tails_;
  size_t label_width_ = 0;
  int failures_ = 0;
  bool stale_ = true;
  Steady::time_point refreshed_{};
  Steady::time_point moved_ = Steady::now();  // a task, a log line, or a look at why there was none
  std::set<std::string> told_;                // reasons
};

Status Follower::refresh() {
  auto view = load_run(api_, request_.dag_id, request_.run_id);
  if (!view) return fail(view);
  view_ = std::move(*view);
  stale_ = false;
  refreshed_ = Steady::now();
  for (const json::value& task : view_.tasks) {
    label_width_ = std::max(label_width_, display_width(task_label(task.as_object())));
  }
  for (const json::value& task : view_.tasks) note_task(task.as_object());
  std::string state = json::string_or(view_.run, "state");
  if (state_ != state) moved_ = Steady::now();
  state_ = std::move(state);
  return {};
}

Status Follower::connect() {
  splitter_ = {};
  auto events = api_.open(
      with_query(own_path({"events"}), {{"dag_id", request_.dag_id}, {"run_id", request_.run_id}}),
      "text/event-stream");
  if (!events) return fail(events);
  events_.emplace(std::move(*events));
  return refresh();
}

// Tells of a change of a task instance once; shows the log of a try that has begun.
void Follower::note_task(const json::object& task) {
  std::string state = json::string_or(task, "state");
  std::string label = task_label(task);
  int64_t try_number = json::int_or(task, "try_number");
  std::string shown = state + "/" + std::to_string(try_number);
  std::string& known = task_states_[label];
  bool news = known != shown && !state.empty();
  known = std::move(shown);
  if (news) moved_ = Steady::now();
  if (!request_.details) return;
  if (news && state != "scheduled" && state != "queued") {
    std::string name = label;
    name.resize(std::max(label.size(), label_width_), ' ');
    std::string text = state == "running" ? "running, try " + std::to_string(try_number) : state;
    context_.console.err(clock_time(SystemClock().now()).substr(0, 8) + "     " + printable(name) +
                         " * " + context_.console.paint_state(state, text) + "\n");
  }
  // A try that began and ended between two looks has a log like any other.
  for (int64_t one = 1; one < try_number; ++one) tail_try(task, label, one);
  if (try_number >= 1 && may_have_log(state)) tail_try(task, label, try_number);
}

void Follower::tail_try(const json::object& task, const std::string& label, int64_t try_number) {
  if (!tailed_.emplace(label, try_number).second) return;
  Tail tail;
  tail.label = label;
  tail.request = {request_.dag_id,
                  request_.run_id,
                  json::string_or(task, "task_id"),
                  json::int_or(task, "map_index", -1),
                  try_number,
                  true};
  waiting_.push_back(std::move(tail));
}

void Follower::start_tails() {
  while (!waiting_.empty() && tails_.size() < kLogStreamsMax) {
    tails_.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
    open_tail(tails_.back());
  }
}

void Follower::open_tail(Tail& tail) {
  auto stream = api_.open(log_path(tail.request), "application/x-ndjson");
  if (stream) {
    tail.lines = {};
    tail.lines_to_skip = std::exchange(tail.lines_seen, 0);
    tail.stream.emplace(std::move(*stream));
  } else if (stream.error().code() != Code::unavailable || ++tail.failures > kReconnectsMax) {
    tail.failures = kReconnectsMax + 1;  // a try without a log, or a run that is gone: given up
  }
}

void Follower::print_record(Tail& tail, const std::string& line) {
  ++tail.lines_seen;
  if (tail.lines_to_skip > 0) {
    --tail.lines_to_skip;
    return;
  }
  auto record = json::parse(line);
  if (!record || !record->is_object()) return;
  std::string text = log_line(record->get_object());
  if (text.empty() || text == kNoLog) return;
  std::string name = tail.label;
  name.resize(std::max(tail.label.size(), label_width_), ' ');
  std::string prefix = context_.console.paint(Colour::grey, printable(name) + " | ");
  std::string lines;
  size_t at = 0;
  while (at <= text.size()) {
    size_t end = std::min(text.find('\n', at), text.size());
    lines += prefix + text.substr(at, end - at) + "\n";
    at = end + 1;
  }
  if (context_.json()) {
    context_.console.err(lines);
  } else {
    context_.console.out(lines);
  }
}

void Follower::read_tail(Tail& tail) {
  auto text = tail.stream->read_available();
  if (!text) {
    tail.stream.reset();  // opened again at the next beat
    return;
  }
  if (!text->empty()) moved_ = Steady::now();
  tail.lines.feed(*text);
  while (auto line = tail.lines.next()) print_record(tail, *line);
  if (tail.stream->ended()) tail.failures = kReconnectsMax + 1;
}

void Follower::read_tails() {
  for (Tail& tail : tails_) {
    if (tail.stream) read_tail(tail);
  }
  std::erase_if(tails_, [](const Tail& tail) { return tail.failures > kReconnectsMax; });
  start_tails();
}

void Follower::on_event(const ServerEvent& event) {
  auto data = json::parse(event.data);
  if (event.name == "reset" || !data || !data->is_object()) {
    stale_ = true;
    return;
  }
  const json::object& change = data->get_object();
  if (json::string_or(change, "run_id") != request_.run_id) return;
  if (event.name == "task_instance") note_task(change);
  if (event.name == "run")
    stale_ = true;  // its end is told by what the API says, with all task states
}

Status Follower::read_events() {
  auto text = events_->read_available();
  if (!text) return fail(text);
  if (events_->ended()) return fail(Code::unavailable, "the event stream ended");
  splitter_.feed(*text);
  while (auto event = splitter_.next()) on_event(*event);
  return {};
}

void Follower::draw_status() {
  if (!context_.console.err_terminal) return;
  size_t done = 0;
  std::string running;
  for (const auto& [label, state] : task_states_) {
    std::string name = state.substr(0, state.find('/'));
    done += name == "success" || name == "failed" || name == "skipped" || name == "upstream_failed";
    if (name == "running") running += " " + printable(label);
  }
  auto started = time_of(view_.run, "start_date");
  Duration elapsed = started ? SystemClock().now() - *started : Duration(0);
  auto whole = std::chrono::floor<std::chrono::seconds>(elapsed).count();
  std::string text = std::to_string(whole / 60) + "m" + std::to_string(whole % 60) + "s " +
                     std::to_string(done) + "/" + std::to_string(task_states_.size()) + running;
  context_.console.status(text.substr(0, 78));
}

// When nothing runs and nothing moves; each reason once.
void Follower::tell_what_holds() {
  if (!request_.details || over() || Steady::now() - moved_ < kStillMax) return;
  std::map<std::string, std::string> states;
  for (const auto& [label, state] : task_states_) {
    states[label] = state.substr(0, state.find('/'));
    if (states[label] == "running") return;
  }
  moved_ = Steady::now();
  auto reasons = load_reasons(api_, request_.dag_id, request_.run_id);
  if (!reasons) return;  // a server that is away is told of elsewhere
  for (const std::string& line : what_holds(*reasons, states)) {
    if (!told_.insert(line).second) continue;
    context_.console.err(clock_time(SystemClock().now()).substr(0, 8) + "     " + line + "\n");
  }
}

// Until something arrives, at most a beat.
Status Follower::wait() {
  std::vector<pollfd> entries{{events_->fd(), POLLIN, 0}};
  for (const Tail& tail : tails_) {
    if (tail.stream) entries.push_back({tail.stream->fd(), POLLIN, 0});
  }
  auto beat = std::chrono::duration_cast<std::chrono::milliseconds>(kBeat);
  if (poll(entries.data(), entries.size(), int(beat.count())) >= 0 || errno == EINTR) return {};
  return fail(from_errno("poll", "the server's streams"));
}

Status Follower::reconnect() {
  events_.reset();
  while (true) {
    auto status = connect();
    if (status) {
      if (failures_ > 0) context_.say("connected again");
      failures_ = 0;
      return {};
    }
    events_.reset();
    bool away =
        status.error().code() == Code::unavailable || status.error().code() == Code::timeout;
    if (!away || ++failures_ > kReconnectsMax) return status;
    if (failures_ == 1) context_.say("connection lost; the run goes on, trying again");
    pause(kBeat);
  }
}

Result<RunView> Follower::run() {
  if (auto status = connect(); !status) return fail(status);
  while (true) {
    start_tails();
    bool drained = tails_.empty() && waiting_.empty();
    if (over() && (drained || Steady::now() - moved_ >= kLogQuietMax)) break;
    draw_status();
    tell_what_holds();
    Status status = wait();
    if (!status) return fail(status);
    status = read_events();
    if (status && (stale_ || Steady::now() - refreshed_ >= kResyncEvery)) status = refresh();
    if (!status) {
      bool away =
          status.error().code() == Code::unavailable || status.error().code() == Code::timeout;
      if (!away) return fail(status);
      if (auto again = reconnect(); !again) return fail(again);
    }
    for (Tail& tail : tails_) {
      if (!tail.stream) open_tail(tail);
    }
    read_tails();
  }
  context_.console.status("");
  return std::move(view_);
}

}  // namespace

Result<RunView> follow_run(Context& context, const FollowRequest& request) {
  auto api = context.api();
  if (!api) return fail(api);
  Follower follower(context, **api, request);
  auto view = follower.run();
  context.console.status("");
  return view;
}

Status print_log(Context& context, const LogRequest& request) {
  auto api = context.api();
  if (!api) return fail(api);
  auto stream = (*api)->open(log_path(request), "application/x-ndjson");
  if (!stream) return fail(stream);
  LineSplitter lines;
  while (true) {
    auto text = stream->read_available();
    if (!text) return fail(text);
    lines.feed(*text);
    while (auto line = lines.next()) {
      if (context.json()) {
        context.console.out(*line + "\n");
        continue;
      }
      auto record = json::parse(*line);
      std::string shown =
          record && record->is_object() ? log_line(record->get_object()) : printable(*line);
      if (!shown.empty()) context.console.out(shown + "\n");
    }
    if (stream->ended()) return {};
    pollfd entry{stream->fd(), POLLIN, 0};
    if (poll(&entry, 1, -1) < 0 && errno != EINTR)
      return fail(from_errno("poll", "the log stream"));
  }
}

}  // namespace leoflow::cli
