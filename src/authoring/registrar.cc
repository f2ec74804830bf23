// SPDX-License-Identifier: Apache-2.0
#include "authoring/registrar.h"

#include <algorithm>
#include <utility>

#include "store/each_row.h"

namespace leoflow {
namespace {

std::string duplicate_text(const std::string& dag_id, const std::string& holder,
                           const std::string& filename, std::string_view hint) {
  CompileFailure failure{.type = "DuplicateDagId"};
  failure.message =
      "dag_id '" + dag_id + "' is defined in " + filename + ", but " + holder + " has it already";
  failure.hint = hint;
  return import_error_text(failure, filename);
}

void append(ChangedDags& into, const ChangedDags& more) {
  for (const std::string& dag_id : more) {
    if (std::ranges::find(into, dag_id) == into.end()) into.push_back(dag_id);
  }
}

bool starts_paused(const DagSpec& spec, PausedAtCreation policy) {
  if (spec.is_paused_upon_creation) return *spec.is_paused_upon_creation;
  const bool scheduled = spec.schedule.kind != ScheduleSpec::Kind::none;
  return policy == PausedAtCreation::all || (policy == PausedAtCreation::scheduled && scheduled);
}

// Whether the DAG's current version has this content.
Result<bool> is_current(DagStore& dags, const DagVersion& version) {
  const auto known = dags.get_dag(version.dag_id);
  if (!known) return fail(known);
  if (!*known) return false;
  const auto current = dags.get_version((*known)->current_version);
  if (!current) return fail(current);
  return *current && (*current)->content_hash == version.content_hash;
}

}  // namespace

Result<Registered> register_compiled(DagStore& dags, Compiler& compiler,
                                     const CompiledFile& compiled, const CompiledDag& dag,
                                     const Registration& how) {
  DagVersion version = dag.version;
  const auto same = is_current(dags, version);
  if (!same) return fail(same);
  // Also of known content: its folder may have been lost.
  if (auto written = compiler.write_bundle(compiled); !written) return fail(written);
  if (!*same) {
    Origin origin = how.origin();
    version.label = std::move(origin.label);
    version.commit = std::move(origin.commit);
    version.url = std::move(origin.url);
  }
  version.created_at = how.now;
  version.bundle_name = how.bundle_name;
  Dag row;
  row.dag_id = version.dag_id;
  // What was pushed lies nowhere but in its bundle.
  row.fileloc = how.bundle_name == kPushedBundle
                    ? version.bundle_path + "/" + dag.spec.relative_fileloc
                    : compiled.file.path.string();
  row.relative_fileloc = compiled.file.name;
  row.bundle_name = how.bundle_name;
  row.last_parsed_time = how.now;
  row.last_parse_duration = compiled.took;
  return dags.register_version(version, row,
                               {.paused = starts_paused(dag.spec, how.paused_at_creation),
                                .activate = how.activate,
                                .take_over = how.take_over});
}

Registrar::Registrar(DagStore& dags, ImportErrorStore& errors, Compiler& compiler,
                     const Clock& clock, RegistrarOptions options)
    : dags_(dags),
      errors_(errors),
      compiler_(compiler),
      clock_(clock),
      options_(std::move(options)) {
  if (!options_.origin) options_.origin = origin_of;
}

Status Registrar::load() {
  auto list_dags = [&](const Page& page) { return dags_.list_dags({.page = page}); };
  auto known = for_each_row(list_dags, [&](const Dag& dag) -> Status {
    if (dag.bundle_name == options_.bundle_name) owners_[dag.dag_id] = {dag.relative_fileloc, {}};
    return {};
  });
  if (!known) return known;
  auto list_errors = [&](const Page& page) { return errors_.list({.page = page}); };
  return for_each_row(list_errors, [&](const ImportError& error) -> Status {
    if (error.bundle_name == options_.bundle_name) error_texts_[error.filename] = error.stack_trace;
    return {};
  });
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
  Held held;
  std::set<std::string> defined;
  for (const CompiledDag& dag : compiled.dags) {
    defined.insert(dag.spec.dag_id);
    if (auto done = register_one(compiled, dag, changed, held); !done) return fail(done);
  }
  const auto dropped = drop_others(filename, defined);
  if (!dropped) return fail(dropped);
  append(changed, *dropped);
  const bool had_error = error_texts_.contains(filename);
  if (held.dag_ids.empty())
    waiting_.erase(filename);
  else
    waiting_[filename] = held.dag_ids;
  const Status told = held.text.empty() ? clear_error(filename) : put_error(filename, held.text);
  if (!told) return fail(told);
  if (had_error) append(changed, {defined.begin(), defined.end()});
  return changed;
}

Status Registrar::register_one(const CompiledFile& compiled, const CompiledDag& dag,
                               ChangedDags& changed, Held& held) {
  const std::string& filename = compiled.file.name;
  const std::string& dag_id = dag.spec.dag_id;
  auto hold = [&](const std::string& holder, std::string_view hint) {
    if (held.text.empty()) held.text = duplicate_text(dag_id, holder, filename, hint);
    held.dag_ids.insert(dag_id);
  };
  const auto owner = owners_.find(dag_id);
  const bool known = owner != owners_.end();
  if (known && owner->second.filename != filename) {
    hold(owner->second.filename, "rename one of the two, or remove one file");
    return {};
  }
  if (known && owner->second.content_hash == dag.version.content_hash) return {};
  const auto registered = register_dag(compiled, dag);
  if (!registered && registered.error().code() == Code::exists) {
    const auto other = dags_.get_dag(dag_id);
    if (!other) return fail(other);
    hold("the pushed project " + (*other ? (*other)->relative_fileloc : dag_id),
         "rename one of the two, or give the pushed one up with `leoflow dags delete " + dag_id +
             "` and save this file again");
    return {};
  }
  if (!registered) return fail(registered);
  owners_[dag_id] = {filename, dag.version.content_hash};
  changed.push_back(dag_id);
  return {};
}

// DAGs that the file defined once and does no more.
Result<ChangedDags> Registrar::drop_others(const std::string& filename,
                                           const std::set<std::string>& defined) {
  ChangedDags gone, changed;
  for (const auto& [dag_id, owned] : owners_) {
    if (owned.filename == filename && !defined.contains(dag_id)) gone.push_back(dag_id);
  }
  for (const std::string& dag_id : gone) {
    const auto dropped = drop(dag_id);
    if (!dropped) return fail(dropped);
    append(changed, *dropped);
  }
  return changed;
}

Result<Registered> Registrar::register_dag(const CompiledFile& compiled, const CompiledDag& dag) {
  const Time now = clock_.now();
  return register_compiled(dags_, compiler_, compiled, dag,
                           {.bundle_name = options_.bundle_name,
                            .paused_at_creation = options_.paused_at_creation,
                            .origin = [&] { return options_.origin(compiled.file.project, now); },
                            .now = now});
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
