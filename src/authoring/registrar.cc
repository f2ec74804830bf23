// SPDX-License-Identifier: Apache-2.0
#include "authoring/registrar.h"

#include <algorithm>
#include <utility>

#include "authoring/label.h"

namespace leoflow {
namespace {

std::string duplicate_text(const std::string& dag_id, const std::string& holder,
                           const std::string& filename) {
  CompileFailure failure{.type = "DuplicateDagId"};
  failure.message =
      "dag_id '" + dag_id + "' is defined in " + filename + ", but " + holder + " has it already";
  failure.hint = "rename one of the two, or remove one file";
  return import_error_text(failure, filename);
}

void append(ChangedDags& into, const ChangedDags& more) {
  for (const std::string& dag_id : more) {
    if (std::ranges::find(into, dag_id) == into.end()) into.push_back(dag_id);
  }
}

}  // namespace

Registrar::Registrar(DagStore& dags, ImportErrorStore& errors, Compiler& compiler,
                     const Clock& clock, RegistrarOptions options)
    : dags_(dags),
      errors_(errors),
      compiler_(compiler),
      clock_(clock),
      options_(std::move(options)) {
  if (!options_.label) options_.label = version_label;
}

Status Registrar::load() {
  DagQuery query;
  query.exclude_stale = true;
  query.page.limit = kPageLimitMax;
  while (true) {
    const auto page = dags_.list_dags(query);
    if (!page) return fail(page);
    for (const Dag& dag : page->rows) {
      if (dag.bundle_name == options_.bundle_name) owners_[dag.dag_id] = {dag.relative_fileloc, {}};
    }
    query.page.offset += static_cast<int64_t>(page->rows.size());
    if (page->rows.empty() || query.page.offset >= page->total) break;
  }
  Page page{.limit = kPageLimitMax};
  while (true) {
    const auto errors = errors_.list("", page);
    if (!errors) return fail(errors);
    for (const ImportError& error : errors->rows) {
      if (error.bundle_name == options_.bundle_name)
        error_texts_[error.filename] = error.stack_trace;
    }
    page.offset += static_cast<int64_t>(errors->rows.size());
    if (errors->rows.empty() || page.offset >= errors->total) return {};
  }
}

Result<ChangedDags> Registrar::apply(const CompiledFile& compiled) {
  if (compiled.needs_environment || compiled.cancelled) return ChangedDags{};
  const std::string& filename = compiled.file.name;
  if (compiled.failure) {
    // Its DAGs stay as they are: a typo in a file does not take running work away.
    waiting_.erase(filename);
    if (auto put = report(filename, *compiled.failure); !put) return fail(put);
    ChangedDags changed;
    for (const auto& [dag_id, owned] : owners_) {
      if (owned.filename == filename) changed.push_back(dag_id);
    }
    return changed;
  }
  return register_all(compiled);
}

Result<ChangedDags> Registrar::register_all(const CompiledFile& compiled) {
  const std::string& filename = compiled.file.name;
  ChangedDags changed;
  std::string conflict;
  std::set<std::string> defined, held;
  for (const CompiledDag& dag : compiled.dags) {
    const std::string& dag_id = dag.spec.dag_id;
    defined.insert(dag_id);
    auto owner = owners_.find(dag_id);
    if (owner != owners_.end() && owner->second.filename != filename) {
      if (conflict.empty()) conflict = duplicate_text(dag_id, owner->second.filename, filename);
      held.insert(dag_id);
      continue;
    }
    if (owner != owners_.end() && owner->second.content_hash == dag.version.content_hash) continue;
    const auto registered = register_dag(compiled, dag);
    if (!registered) return fail(registered);
    owners_[dag_id] = {filename, dag.version.content_hash};
    changed.push_back(dag_id);
  }
  std::vector<std::string> gone;
  for (const auto& [dag_id, owned] : owners_) {
    if (owned.filename == filename && !defined.contains(dag_id)) gone.push_back(dag_id);
  }
  for (const std::string& dag_id : gone) {
    const auto dropped = drop(dag_id);
    if (!dropped) return fail(dropped);
    append(changed, *dropped);
  }
  const bool had_error = error_texts_.contains(filename);
  if (conflict.empty())
    waiting_.erase(filename);
  else
    waiting_[filename] = held;
  const Status told = conflict.empty() ? clear_error(filename) : put_error(filename, conflict);
  if (!told) return fail(told);
  if (had_error) append(changed, {defined.begin(), defined.end()});
  return changed;
}

Result<Registered> Registrar::register_dag(const CompiledFile& compiled, const CompiledDag& dag) {
  const Time now = clock_.now();
  DagVersion version = dag.version;
  const auto known = dags_.get_dag(version.dag_id);
  if (!known) return fail(known);
  bool same = false;
  if (*known) {
    const auto current = dags_.get_version((*known)->current_version);
    if (!current) return fail(current);
    same = *current && (*current)->content_hash == version.content_hash;
  }
  if (!same) {
    if (auto written = compiler_.write_bundle(compiled); !written) return fail(written);
    version.label = options_.label(compiled.file.project, now);
  }
  version.created_at = now;
  Dag row;
  row.dag_id = version.dag_id;
  row.fileloc = compiled.file.path.string();
  row.relative_fileloc = compiled.file.name;
  row.bundle_name = options_.bundle_name;
  row.last_parsed_time = now;
  row.last_parse_duration = compiled.took;
  const bool scheduled = dag.spec.schedule.kind != ScheduleSpec::Kind::none;
  const bool paused = options_.paused_at_creation == PausedAtCreation::all ||
                      (options_.paused_at_creation == PausedAtCreation::scheduled && scheduled);
  return dags_.register_version(version, row, dag.spec.is_paused_upon_creation.value_or(paused));
}

Result<ChangedDags> Registrar::drop(const std::string& dag_id) {
  if (auto stale = dags_.set_stale(dag_id, true); !stale && stale.error().code() != Code::not_found)
    return fail(stale);
  owners_.erase(dag_id);
  freed_.insert(dag_id);
  return ChangedDags{dag_id};
}

std::vector<std::string> Registrar::take_retries() {
  const std::set<std::string> freed = std::exchange(freed_, {});
  std::vector<std::string> files;
  for (const auto& [filename, held] : waiting_) {
    if (std::ranges::any_of(held, [&](const std::string& id) { return freed.contains(id); }))
      files.push_back(filename);
  }
  return files;
}

Status Registrar::report(const std::string& filename, const CompileFailure& failure) {
  return put_error(filename, import_error_text(failure, filename));
}

Status Registrar::put_error(const std::string& filename, const std::string& text) {
  const auto known = error_texts_.find(filename);
  if (known != error_texts_.end() && known->second == text) return {};
  ImportError error;
  error.timestamp = clock_.now();
  error.filename = filename;
  error.bundle_name = options_.bundle_name;
  error.stack_trace = text;
  if (auto put = errors_.put(error); !put) return put;
  error_texts_[filename] = text;
  errors_changed_ = true;
  return {};
}

Status Registrar::clear_error(const std::string& filename) {
  if (!error_texts_.contains(filename)) return {};
  if (auto cleared = errors_.clear(filename); !cleared && cleared.error().code() != Code::not_found)
    return cleared;
  error_texts_.erase(filename);
  errors_changed_ = true;
  return {};
}

Result<ChangedDags> Registrar::retain(const std::set<std::string>& present) {
  std::vector<std::string> gone_dags, gone_errors;
  for (const auto& [dag_id, owned] : owners_) {
    if (!present.contains(owned.filename)) gone_dags.push_back(dag_id);
  }
  for (const auto& [filename, text] : error_texts_) {
    if (!present.contains(filename)) gone_errors.push_back(filename);
  }
  std::erase_if(waiting_, [&](const auto& item) { return !present.contains(item.first); });
  ChangedDags changed;
  for (const std::string& dag_id : gone_dags) {
    const auto dropped = drop(dag_id);
    if (!dropped) return fail(dropped);
    append(changed, *dropped);
  }
  for (const std::string& filename : gone_errors) {
    if (auto cleared = clear_error(filename); !cleared) return fail(cleared);
  }
  return changed;
}

}  // namespace leoflow
