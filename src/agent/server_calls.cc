// SPDX-License-Identifier: Apache-2.0
#include "agent/server_calls.h"

#include "base/time.h"
#include "leoflow_agent.pb.h"

namespace leoflow {

namespace {

using Done = std::function<void(Result<CallAnswer>)>;

bool try_again(const Error& error) {
  return error.code() == Code::unavailable || error.code() == Code::timeout;
}

// Wraps what turns a reply into an answer; errors that trying again cannot help become the task's
// answer.
template <typename Reply, typename Convert>
CallDone<Reply> answer_with(Done done, Convert convert) {
  return [done = std::move(done), convert](Result<std::shared_ptr<Reply>> reply) {
    if (reply) return done(convert(**reply));
    if (try_again(reply.error())) return done(fail(reply.error()));
    done(CallAnswer{error_frame(reply.error()), {}});
  };
}

CallAnswer xcom_answer(const wire::PullXComReply& reply) {
  json::Writer out;
  out.begin_object().key("values").begin_array();
  for (auto& value : reply.values()) {
    out.begin_object().member("found", value.found()).key("value");
    value.found() && !value.value_json().empty() ? out.raw(value.value_json()) : out.null();
    out.end_object();
  }
  out.end_array().end_object();
  return {out.take(), {}};
}

CallAnswer variable_answer(const wire::GetVariableReply& reply) {
  json::Writer out;
  out.begin_object().member("found", reply.found()).key("value");
  reply.found() ? out.string(reply.value()) : out.null();
  out.end_object();
  CallAnswer answer{out.take(), {}};
  if (reply.sensitive()) answer.masked.push_back(reply.value());
  return answer;
}

CallAnswer connection_answer(const wire::GetConnectionReply& reply) {
  json::Writer out;
  out.begin_object().member("found", reply.found()).key("connection");
  CallAnswer answer;
  auto parsed =
      reply.found() ? json::parse(reply.connection_json()) : Result<json::value>(json::value());
  if (parsed && parsed->is_object()) {
    std::string password = json::string_or(parsed->as_object(), "password");
    if (!password.empty()) answer.masked.push_back(password);
    out.raw(reply.connection_json());
  } else {
    out.null();
  }
  answer.frame = out.end_object().take();
  return answer;
}

const auto kDone = [](const wire::Empty&) { return CallAnswer{"{}", {}}; };

wire::PullXComRequest pull_request(AttemptId attempt, const json::object& call) {
  wire::PullXComRequest request;
  request.set_attempt(attempt.value);
  request.set_dag_id(json::string_or(call, "dag_id"));
  request.set_run_id(json::string_or(call, "run_id"));
  if (auto* tasks = json::array_or_null(call, "task_ids")) {
    for (auto& task : *tasks) {
      if (task.is_string()) request.add_task_ids(std::string(task.as_string()));
    }
  }
  request.set_key(json::string_or(call, "key", "return_value"));
  request.set_map_index(int32_t(json::int_or(call, "map_index", kUnmapped)));
  request.set_include_prior_dates(json::bool_or(call, "include_prior_dates"));
  return request;
}

wire::QueryAssetsRequest assets_request(AttemptId attempt, const json::object& call) {
  wire::QueryAssetsRequest request;
  request.set_attempt(attempt.value);
  request.set_name(json::string_or(call, "name"));
  request.set_uri(json::string_or(call, "uri"));
  request.set_alias(json::string_or(call, "alias"));
  request.set_events(json::string_or(call, "op") == "asset_events");
  if (auto after = parse_time(json::string_or(call, "after")))
    request.set_after_us(to_micros(*after));
  if (auto before = parse_time(json::string_or(call, "before")))
    request.set_before_us(to_micros(*before));
  request.set_ascending(json::bool_or(call, "ascending"));
  request.set_limit(int32_t(json::int_or(call, "limit")));
  return request;
}

CallAnswer events_answer(const wire::QueryAssetsReply& reply) {
  json::Writer out;
  out.begin_object().key("events").raw(reply.json().empty() ? "[]" : reply.json());
  return {out.end_object().take(), {}};
}

CallAnswer asset_answer(const wire::QueryAssetsReply& reply) {
  json::Writer out;
  out.begin_object().member("found", !reply.json().empty()).key("asset");
  out.raw(reply.json().empty() ? "null" : reply.json());
  return {out.end_object().take(), {}};
}

}  // namespace

std::string error_frame(const Error& error) {
  json::Writer out;
  out.begin_object().key("error").begin_object();
  out.member("code", code_name(error.code()))
      .member("message", error.text())
      .end_object()
      .end_object();
  return out.take();
}

void call_server(ServerLink& link, const std::string& token, AttemptId attempt,
                 const json::object& call, Done done) {
  std::string op = json::string_or(call, "op"), key = json::string_or(call, "key");
  if (op == "xcom_pull") {
    link.pull_xcom(token, pull_request(attempt, call),
                   answer_with<wire::PullXComReply>(std::move(done), xcom_answer));
  } else if (op == "variable_get") {
    wire::GetVariableRequest request;
    request.set_attempt(attempt.value);
    request.set_key(key);
    link.get_variable(token, request,
                      answer_with<wire::GetVariableReply>(std::move(done), variable_answer));
  } else if (op == "variable_set") {
    wire::SetVariableRequest request;
    request.set_attempt(attempt.value);
    request.set_key(key);
    request.set_value(json::string_or(call, "value"));
    request.set_description(json::string_or(call, "description"));
    link.set_variable(token, request, answer_with<wire::Empty>(std::move(done), kDone));
  } else if (op == "variable_delete") {
    wire::DeleteVariableRequest request;
    request.set_attempt(attempt.value);
    request.set_key(key);
    link.delete_variable(token, request, answer_with<wire::Empty>(std::move(done), kDone));
  } else if (op == "asset_events" || op == "asset_get") {
    auto convert = op == "asset_events" ? events_answer : asset_answer;
    link.query_assets(token, assets_request(attempt, call),
                      answer_with<wire::QueryAssetsReply>(std::move(done), convert));
  } else if (op == "connection_get") {
    wire::GetConnectionRequest request;
    request.set_attempt(attempt.value);
    request.set_conn_id(json::string_or(call, "conn_id"));
    link.get_connection(token, request,
                        answer_with<wire::GetConnectionReply>(std::move(done), connection_answer));
  } else {
    done(CallAnswer{error_frame(Error(Code::invalid, "unknown call \"" + op + "\"")), {}});
  }
}

}  // namespace leoflow
