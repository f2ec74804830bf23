// SPDX-License-Identifier: Apache-2.0
// What a task says on its control socket (docs/task-protocol.md, 3).
#include "agent/binary_size.h"
#include "agent/task_process.h"
#include "base/log.h"
#include "model/asset_spec.h"

namespace leoflow {

namespace {
constexpr size_t kMaskTextBytesMax = 1 << 20;
constexpr size_t kRenderedBytesMax = 1 << 20;  // templated fields are kept for display only
}  // namespace

void TaskProcess::on_frame(std::string text) {
  // Only the head of a push is parsed here; its value may be large and is passed on as it is.
  auto taken = take_member(text, "value");
  auto parsed = taken ? json::parse(taken->rest) : Result<json::value>(fail(taken.error()));
  if (!parsed || !parsed->is_object()) {
    return end("failed", "the task process sent a frame that is not a JSON object");
  }
  const json::object& call = parsed->as_object();
  std::string op = json::string_or(call, "op");
  if (op == "running") return on_running();
  if (op == "rendered") {
    if (auto* fields = json::object_or_null(call, "fields"))
      rendered_fields_ = log_.masker().apply(json::dump(*fields));
    if (rendered_fields_.size() > kRenderedBytesMax) rendered_fields_.clear();
    return;
  }
  if (op == "outcome") return on_outcome(call);
  if (exited_) return;  // nobody waits for an answer
  if (op == "mask") {
    if (auto* values = json::array_or_null(call, "values")) {
      for (auto& value : *values) {
        if (value.is_string() && value.as_string().size() <= kMaskTextBytesMax)
          log_.mask(value.as_string());
      }
    }
    return control_->send("{}");
  }
  if (op == "xcom_push") return on_xcom_push(text);
  control_->pause();
  if (op != "variable_set") return host_.listener.on_call(launch_.attempt, call);
  auto whole = json::parse(text);  // here "value" is a text that is needed
  if (!whole) return reply_error(whole.error());
  host_.listener.on_call(launch_.attempt, whole->as_object());
}

void TaskProcess::on_running() {
  if (started_at_ || decided_) return;
  started_at_ = host_.clock.now();
  disarm(kLimit);
  // The process may be quicker than the word of the interpreter that it exists.
  if (pid_) host_.listener.on_running(launch_.attempt, pid_, *started_at_);
  if (forced_ || exited_ || launch_.execution_timeout <= Duration(0)) return;
  arm(kLimit, launch_.execution_timeout + kTimeoutGrace, [this] {
    end("failed",
        "execution timeout of " + format_duration(launch_.execution_timeout) + " exceeded");
  });
}

Result<JournaledXCom> TaskProcess::make_xcom(std::string_view frame) {
  auto taken = take_member(frame, "value");
  if (!taken) return fail(taken);
  auto head = json::parse(taken->rest);
  if (!head) return fail(head);
  JournaledXCom xcom;
  xcom.key = json::string_or(head->as_object(), "key");
  xcom.map_index = launch_.map_index;
  if (xcom.key.empty() || xcom.key.size() > kXComKeyBytesMax) {
    return fail(Code::invalid, "an XCom key must have 1 to 512 bytes");
  }
  xcom.value_json = taken->value.empty() ? "null" : std::move(taken->value);
  xcom.size_bytes = int64_t(xcom.value_json.size());
  if (auto valid = json::parse(xcom.value_json); !valid) {
    return fail(valid.error().within("XCom \"" + xcom.key + "\""));
  }
  if (xcom.size_bytes <= launch_.xcom_bytes_max) return xcom;
  if (launch_.spill_folder.empty()) {
    return fail(
        Code::exhausted,
        "XCom \"" + xcom.key + "\" has " + std::to_string(xcom.size_bytes) + " bytes (" +
            format_binary_size(uint64_t(xcom.size_bytes)) + "), the limit is " +
            std::to_string(launch_.xcom_bytes_max) + " (" +
            format_binary_size(uint64_t(launch_.xcom_bytes_max)) + ")",
        "give the DAG a staging volume, or write the data to a file or table and return its name");
  }
  // Not `exhausted`: a full disk is no fault of the value.
  if (auto spilled = spill(xcom); !spilled) {
    return fail(Code::unavailable, spilled.error().message());
  }
  return xcom;
}

Status TaskProcess::spill(JournaledXCom& xcom) {
  fs::path folder = launch_.spill_folder;
  if (auto made = make_folder(folder); !made) return made;
  fs::path path = folder / ("xcom-" + std::to_string(launch_.attempt.value) + "-" +
                            std::to_string(next_spill_++) + ".json");
  if (auto written = write_file_durably(path, xcom.value_json); !written) return written;
  xcom.spill_path = path;
  xcom.value_json.clear();
  return {};
}

// While the disk is full the task waits for its answer, as its outcome would.
void TaskProcess::on_xcom_push(std::string_view frame) {
  if (exited_) return;
  auto xcom = make_xcom(frame);
  if (!xcom && xcom.error().code() == Code::exhausted) {
    return reply_error(xcom.error(), "too_large");
  }
  auto journaled =
      xcom ? host_.listener.on_xcom(launch_.attempt, std::move(*xcom)) : Status(fail(xcom.error()));
  if (journaled) {
    control_->send("{}");
  } else if (journaled.error().code() == Code::unavailable) {
    log::error(journaled.error().message(), {{"attempt", launch_.attempt.value}});
    arm(kRetry, kDiskRetry, [this, frame = std::string(frame)] { on_xcom_push(frame); });
  } else {
    reply_error(journaled.error());
  }
}

void TaskProcess::on_outcome(const json::object& call) {
  std::string kind = json::string_or(call, "kind");
  bool known = kind == "succeeded" || kind == "failed" || kind == "skipped";
  if (!known || decided_ || settling_) {
    if (!exited_)
      reply_error(Error(known ? Code::conflict : Code::invalid, "this outcome cannot be taken"));
    return;
  }
  FinishedRecord record{.kind = kind, .retryable = json::bool_or(call, "retryable", true)};
  if (kind != "succeeded") record.reason = log_.masker().apply(json::string_or(call, "reason"));
  record.exit_code = kind == "failed" ? 1 : 0;
  record.use = read_use(call);
  if (auto* events = json::array_or_null(call, "asset_events"); events && kind == "succeeded")
    record.asset_events = json::dump(*events);  // as XComs, not masked
  if (record.asset_events.size() > kAssetEmissionsBytesMax * 2) {
    record = {.kind = "failed", .reason = "the asset events of the task are too large"};
    record.exit_code = 1;
  }
  disarm(kLimit);
  if (!exited_) {
    outcome_waits_ = true;
    control_->pause();
  }
  settle(std::move(record));
}

void TaskProcess::reply_error(const Error& error, std::string_view code) {
  json::Writer out;
  out.begin_object().key("error").begin_object();
  out.member("code", code.empty() ? code_name(error.code()) : code).member("message", error.text());
  out.end_object().end_object();
  control_->send(out.take());
  control_->resume();
}

void TaskProcess::answer(const std::string& frame, const std::vector<std::string>& masked) {
  for (auto& text : masked) log_.mask(text);
  if (exited_ || !control_) return;
  control_->send(frame);
  control_->resume();
}

}  // namespace leoflow
