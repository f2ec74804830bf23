// SPDX-License-Identifier: Apache-2.0
// Logs in windows and search in them: a log of a gigabyte opens as fast as a short one.
#include <algorithm>
#include <charconv>

#include "api/log_lookup.h"
#include "api/log_stream.h"
#include "api/log_window.h"
#include "api/lookup.h"
#include "api/present.h"
#include "api/routes.h"

namespace leoflow::api {
namespace {

constexpr int64_t kLinesDefault = 100;
constexpr int64_t kLinesMax = 500;
constexpr size_t kLogsPerSearchMax = 2000;  // opened by one search of a run

size_t bounded(std::optional<int64_t> asked, int64_t fallback, int64_t most) {
  return size_t(std::clamp<int64_t>(asked.value_or(fallback), 1, most));
}

void write_lines(json::Writer& w, const std::vector<LogLine>& lines) {
  w.key("lines").begin_array();
  for (const LogLine& line : lines) {
    w.begin_object().member("offset", int64_t(line.offset));
    w.key("record").raw(log_record(line.text)).end_object();
  }
  w.end_array();
}

// An open log, or null when nothing was written yet.
Result<std::unique_ptr<LogReader>> open_log(const Call& call, const LogName& name) {
  auto reader = call.services.logs.open(name);
  if (!reader && reader.error().code() == Code::not_found) return std::unique_ptr<LogReader>();
  return reader;
}

// The window asked for; nothing when the line it is to begin with was not reached yet.
Result<std::optional<LogWindow>> window_of(const Call& call, LogReader& log, AttemptId attempt,
                                           bool over) {
  size_t bytes = bounded(call.query_int("limit"), int64_t(kLogWindowDefault), kLogWindowMax);
  if (auto line = call.query_int("line")) {
    auto start = call.services.log_lines.start_of(log, attempt, std::max<int64_t>(1, *line) - 1);
    if (!start) return fail(start);
    if (!*start) return std::optional<LogWindow>();
    return lines_from(log, **start, bytes, over);
  }
  if (auto before = call.query_int("before"))
    return lines_before(log, uint64_t(std::max<int64_t>(0, *before)), bytes, over);
  if (call.query_bool("tail").value_or(false)) return lines_before(log, UINT64_MAX, bytes, over);
  return lines_from(log, uint64_t(std::max<int64_t>(0, call.query_int("offset").value_or(0))),
                    bytes, over);
}

Result<Response> read_log(Call& call) {
  auto found = find_log_of_path(call);
  if (!found) return fail(found);
  auto log = open_log(call, found->name);
  if (!log) return fail(log);
  LogWindow window;
  std::optional<int64_t> before = 0;
  if (*log) {
    auto read = window_of(call, **log, found->name.attempt, found->over);
    if (!read) return fail(read);
    bool reached = read->has_value();
    if (reached) window = std::move(**read);
    if (!reached) window.size = (*log)->size().value_or(0);
    bool long_wait = call.query_bool("count").value_or(false);
    auto lines = call.services.log_lines.lines_before(
        **log, found->name.attempt, window.offset,
        long_wait ? LogLineIndex::kReadMax : LogLineIndex::kReadSoon);
    if (!lines) return fail(lines);
    before = reached ? *lines : std::nullopt;
  }
  json::Writer w;
  w.begin_object().member("size", int64_t(window.size)).member("complete", found->over);
  w.member("offset", int64_t(window.offset)).member("next_offset", int64_t(window.next));
  if (before) {
    w.member("first_line", *before + 1);
  } else {
    w.member_null("first_line");
  }
  write_lines(w, window.lines);
  w.end_object();
  return json_response(w);
}

Result<LogMatcher> matcher_of(const Call& call) {
  LogFilter filter{.text = call.query_or("q"),
                   .match_case = call.query_bool("match_case").value_or(false),
                   .levels = call.query_all("level"),
                   .stream = call.query_or("stream")};
  if (filter.text.size() > kLogQueryBytesMax) {
    return fail(Code::invalid, "q is longer than " + std::to_string(kLogQueryBytesMax) + " bytes");
  }
  return LogMatcher(std::move(filter));
}

// Lines that were found, numbered as far as the server has counted.
Result<void> write_found(json::Writer& w, Call& call, const LogName& name, LogReader* log,
                         const std::vector<LogLine>& lines) {
  uint64_t from = UINT64_MAX;
  std::optional<int64_t> before;
  w.key("lines").begin_array();
  for (const LogLine& line : lines) {
    if (log && line.counted_from != std::exchange(from, line.counted_from)) {
      auto known =
          call.services.log_lines.lines_before(*log, name.attempt, from, LogLineIndex::kReadSoon);
      if (!known) return fail(known);
      before = *known;
    }
    w.begin_object().member("offset", int64_t(line.offset));
    if (before) w.member("line", *before + int64_t(line.counted) + 1);
    w.key("record").raw(log_record(line.text)).end_object();
  }
  w.end_array();
  return {};
}

Result<LogSearch> search_of(const Call& call, LogReader& log, const LogMatcher& matcher,
                            bool over) {
  size_t lines = bounded(call.query_int("limit"), kLinesDefault, kLinesMax);
  if (auto before = call.query_int("before"))
    return search_log_before(log, matcher, uint64_t(*before), lines, kLogSearchBytesMax, over);
  return search_log(log, matcher, uint64_t(call.query_int("offset").value_or(0)), lines,
                    kLogSearchBytesMax, over);
}

Result<Response> search_one(Call& call) {
  auto found = find_log_of_path(call);
  if (!found) return fail(found);
  auto matcher = matcher_of(call);
  if (!matcher) return fail(matcher);
  auto log = open_log(call, found->name);
  if (!log) return fail(log);
  LogSearch search{.at_end = true};
  uint64_t size = 0;
  if (*log) {
    auto done = search_of(call, **log, *matcher, found->over);
    if (!done) return fail(done);
    search = std::move(*done);
    size = (*log)->size().value_or(search.next);
  }
  json::Writer w;
  w.begin_object().member("size", int64_t(size)).member("complete", found->over);
  w.member("at_end", search.at_end).member("next_offset", int64_t(search.next));
  auto written = write_found(w, call, found->name, log->get(), search.lines);
  if (!written) return fail(written);
  w.end_object();
  return json_response(w);
}

// Where a search of a run goes on: "attempt:offset".
struct RunCursor {
  int64_t attempt = 0;
  uint64_t offset = 0;
};

Result<RunCursor> read_cursor(const std::string& text) {
  RunCursor cursor;
  if (text.empty()) return cursor;
  const char* end = text.data() + text.size();
  auto first = std::from_chars(text.data(), end, cursor.attempt);
  bool good = first.ec == std::errc() && first.ptr != end && *first.ptr == ':';
  auto second = good ? std::from_chars(first.ptr + 1, end, cursor.offset) : first;
  if (!good || second.ec != std::errc() || second.ptr != end || cursor.attempt < 0)
    return fail(Code::invalid, "the cursor was not made by this server");
  return cursor;
}

struct RunMatch {
  const Attempt* attempt;
  LogLine line;
};
struct RunSearch {
  std::vector<RunMatch> matches;
  std::optional<RunCursor> next;
};

// One log after the other, in the order of their attempts, until a bound is reached.
Result<RunSearch> search_logs(const Call& call, const DagRun& run,
                              const std::vector<Attempt>& attempts, const LogMatcher& matcher,
                              RunCursor cursor) {
  size_t lines_max = bounded(call.query_int("limit"), kLinesDefault, kLinesMax);
  size_t logs = 0;
  uint64_t looked_at = 0;
  std::string task_id = call.query_or("task_id");
  RunSearch result;
  for (const Attempt& attempt : attempts) {
    if (attempt.id.value < cursor.attempt || attempt.kind != AttemptKind::task) continue;
    if (!task_id.empty() && attempt.task_id != task_id) continue;
    uint64_t offset = attempt.id.value == cursor.attempt ? cursor.offset : 0;
    result.next = RunCursor{attempt.id.value, offset};
    if (++logs > kLogsPerSearchMax || looked_at >= kLogSearchBytesMax ||
        result.matches.size() >= lines_max)
      return result;
    LogName name{{run.dag_id, run.run_id, attempt.task_id, attempt.map_index},
                 attempt.try_number,
                 attempt.id};
    auto log = open_log(call, name);
    if (!log) return fail(log);
    if (!*log) continue;
    auto search = search_log(**log, matcher, offset, lines_max - result.matches.size(),
                             kLogSearchBytesMax - looked_at, is_finished(attempt.state));
    if (!search) return fail(search);
    looked_at += search->looked_at;
    for (LogLine& line : search->lines) result.matches.push_back({&attempt, std::move(line)});
    if (search->at_end) continue;
    result.next->offset = search->next;
    return result;
  }
  result.next.reset();
  return result;
}

Result<Response> search_run(Call& call) {
  auto run = find_run(call);
  if (!run) return fail(run);
  auto matcher = matcher_of(call);
  if (!matcher) return fail(matcher);
  auto cursor = read_cursor(call.query_or("cursor"));
  if (!cursor) return fail(cursor);
  auto attempts = call.services.store.runs().list_attempts(run->key);
  if (!attempts) return fail(attempts);
  auto found = search_logs(call, *run, *attempts, *matcher, *cursor);
  if (!found) return fail(found);
  json::Writer w;
  w.begin_object().key("matches").begin_array();
  for (const RunMatch& match : found->matches) {
    w.begin_object().member("task_id", match.attempt->task_id);
    w.member("map_index", match.attempt->map_index);
    w.member("try_number", match.attempt->try_number);
    w.member("attempt", match.attempt->id.value);
    w.member("offset", int64_t(match.line.offset));
    w.key("record").raw(log_record(match.line.text)).end_object();
  }
  w.end_array();
  member_text(w, "next_cursor",
              found->next
                  ? std::to_string(found->next->attempt) + ":" + std::to_string(found->next->offset)
                  : "");
  w.end_object();
  return json_response(w);
}

std::vector<Param> search_params() {
  using Kind = Param::Kind;
  return {{.name = "q", .summary = "Part of the message or of its exception"},
          {.name = "match_case", .kind = Kind::boolean, .fallback = "false"},
          {.name = "level",
           .summary = "One of these levels",
           .repeated = true,
           .choices = "debug|info|warning|error|critical"},
          {.name = "stream",
           .summary = "What was printed there, or said by loggers or the agent",
           .choices = "stdout|stderr|logger|agent"},
          {.name = "limit",
           .kind = Kind::integer,
           .summary = "Lines, at most 500",
           .fallback = "100",
           .minimum = 1}};
}

void add_shapes(Router& router) {
  router.shape("LogLine", "offset:int line?:int record:StructuredLogMessage");
  router.shape("LogWindowResponse",
               "size:int complete:bool offset:int next_offset:int first_line:int? lines:[LogLine]");
  router.shape("LogSearchResponse",
               "size:int complete:bool at_end:bool next_offset:int lines:[LogLine]");
  router.shape("RunLogMatch",
               "task_id:str map_index:int try_number:int attempt:int offset:int "
               "record:StructuredLogMessage");
  router.shape("RunLogSearchResponse", "matches:[RunLogMatch] next_cursor:str?");
}

}  // namespace

void add_log_search_routes(Router& router) {
  using Kind = Param::Kind;
  add_shapes(router);
  const std::string run = "/api/leoflow/v1/dags/{dag_id}/dagRuns/{dag_run_id}";
  const std::string log = run + "/taskInstances/{task_id}/logs/{try_number:int}";
  router.tag("Task Instance");
  router.add(Method::get, log, "read_log", read_log)
      .about(
          "A window of a log: the whole lines from a byte on, or those before one. first_line is "
          "the number of the first of them; null until the server has counted so far, which "
          "further "
          "calls with count bring on. The window is empty while a line asked for was not reached")
      .takes(log_params())
      .takes({{.name = "offset",
               .kind = Kind::integer,
               .summary = "First byte; inside a line: the next one",
               .fallback = "0",
               .minimum = 0},
              {.name = "before",
               .kind = Kind::integer,
               .summary = "The lines that end before this byte instead",
               .minimum = 0},
              {.name = "tail", .kind = Kind::boolean, .summary = "The last lines instead"},
              {.name = "line",
               .kind = Kind::integer,
               .summary = "The lines from this number on instead",
               .minimum = 1},
              {.name = "count",
               .kind = Kind::boolean,
               .summary = "Look at 256 MiB instead of 16 to find first_line"},
              {.name = "limit",
               .kind = Kind::integer,
               .summary = "Bytes, about; at most 1 MiB",
               .fallback = "262144",
               .minimum = 1}})
      .answers_with(200, "LogWindowResponse");
  router.add(Method::get, log + "/search", "search_log", search_one)
      .about(
          "Lines of a log; looks at 64 MiB in one go. Unless at_end, ask again with offset (or "
          "before) = next_offset")
      .takes(log_params())
      .takes(search_params())
      .takes({{.name = "offset", .kind = Kind::integer, .fallback = "0", .minimum = 0},
              {.name = "before",
               .kind = Kind::integer,
               .summary = "The last matches that start before this byte instead",
               .minimum = 0}})
      .answers_with(200, "LogSearchResponse");
  router.tag("DagRun");
  router.add(Method::get, run + "/logs/search", "search_run_logs", search_run)
      .about("Lines of all logs of a run; goes on with cursor = next_cursor until that is null")
      .takes(search_params())
      .takes({{.name = "task_id"}, {.name = "cursor"}})
      .answers_with(200, "RunLogSearchResponse");
}

}  // namespace leoflow::api
