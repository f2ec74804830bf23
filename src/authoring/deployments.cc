// SPDX-License-Identifier: Apache-2.0
#include "authoring/deployments.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "authoring/spec_changes.h"
#include "base/crypto.h"
#include "base/log.h"
#include "base/tree_archive.h"
#include "store/each_row.h"

namespace leoflow {
namespace {

constexpr size_t kReadBytes = size_t(1) << 20;
constexpr size_t kIdLength = 16;

DeploymentFailure failure_of(const Error& error) {
  return {.message = error.message(), .hint = error.hint()};
}

DeploymentFailure failure_of(CompileFailure failure, const std::string& file) {
  return {.message = (failure.type.empty() ? "" : failure.type + ": ") + failure.message,
          .hint = std::move(failure.hint),
          .file = failure.file.empty() ? file : std::move(failure.file),
          .line = failure.line,
          .trace = std::move(failure.trace)};
}

bool is_name(std::string_view text) {
  auto fits = [](unsigned char c) { return isalnum(c) || std::string_view("_.-").contains(c); };
  return !text.empty() && text.size() <= kProjectNameMax && std::ranges::all_of(text, fits) &&
         (isalnum(static_cast<unsigned char>(text[0])) || text[0] == '_');
}

bool is_inner_file(const std::string& name) {
  const fs::path path = fs::path(name).lexically_normal();
  return !name.empty() && path == fs::path(name) && path.is_relative() && path.has_filename() &&
         *path.begin() != "..";
}

// What people and programs are shown of a version later must be what it looks like.
bool is_plain(std::string_view text) {
  return std::ranges::all_of(text, [](unsigned char c) { return c > ' ' && c != 0x7f; });
}

Status check(const DeploymentRequest& request) {
  if (!is_name(request.project)) {
    return fail(Code::invalid, "'" + request.project + "' is no name for a project",
                "at most 100 letters, digits and _.- and beginning with a letter, a digit or _; "
                "--name gives another than the folder's");
  }
  if (!is_inner_file(request.file))
    return fail(Code::invalid, "'" + request.file + "' is no file of the project");
  if (request.label.empty() || request.label.size() > kLabelBytesMax || !is_plain(request.label)) {
    return fail(Code::invalid,
                "a label has 1 to " + std::to_string(kLabelBytesMax) + " characters, no spaces");
  }
  const bool hex = request.commit.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (!hex) return fail(Code::invalid, "a commit is written in hex digits");
  const bool link = request.url.empty() || request.url.starts_with("https://");
  if (!link || !is_plain(request.url))
    return fail(Code::invalid, "the link to a commit begins with https://");
  if (is_plain(request.image)) return {};
  return fail(Code::invalid, "the name of an image has no spaces",
              "such as registry.example.org/flows/etl:v1");
}

Status unpack(const fs::path& archive, const std::string& sha256, const fs::path& folder) {
  if (auto made = make_folder(folder, 0700); !made) return made;
  const Fd in(open(archive.c_str(), O_RDONLY | O_CLOEXEC));
  if (!in) return fail(from_errno("open", archive.string()));
  TreeUnpacker unpacker(folder, {.entries_max = 2 * kBundleFilesMax, .bytes_max = kBundleBytesMax});
  std::string part(kReadBytes, '\0');
  while (true) {
    const ssize_t count = read(in.get(), part.data(), part.size());
    if (count < 0) return fail(from_errno("read", archive.string()));
    if (count == 0) return unpacker.finish(sha256);
    if (auto fed = unpacker.feed(std::string_view(part).substr(0, size_t(count))); !fed) return fed;
  }
}

// What was on its way when the server ended is sent again.
const fs::path& emptied(const fs::path& folder) {
  if (auto removed = remove_tree(folder); !removed) log::warning(removed.error().message());
  return folder;
}

EnvironmentSpec environment_of(const DagSpec& spec) {
  return {.python_version = spec.python_version, .dependencies = spec.dependencies};
}

}  // namespace

// One deployment on its way. Every step that fails says so in `failure`.
struct Deployments::Job {
  Deployments& all;
  const DeploymentRequest request;
  const std::string id;
  DeploymentFailure failure = {};
  std::vector<DeployedDag> dags = {};
  CompiledFile compiled = {};

  bool fail_with(DeploymentFailure why) {
    failure = std::move(why);
    return false;
  }

  fs::path folder() const { return all.options_.folder / ("work-" + id); }
  std::string filename() const { return request.project + "/" + request.file; }

  bool unpack_files() {
    auto archive =
        all.uploads_.with([&](Uploads& uploads) { return uploads.find(request.archive); });
    if (!archive) return fail_with(failure_of(archive.error()));
    if (auto done = unpack(*archive, request.archive, folder()); !done)
      return fail_with(failure_of(done.error()));
    std::error_code error;
    if (fs::is_regular_file(folder() / request.file, error)) return true;
    return fail_with({.message = "the archive has no " + request.file});
  }

  bool compile() {
    DagFile file{.name = filename(), .path = folder() / request.file, .project = folder()};
    const fs::path yaml = file.path.parent_path() / kLeoflowYaml;
    std::error_code error;
    if (fs::is_regular_file(yaml, error)) file.yaml = yaml;
    file.flat = request.flat;
    compiled =
        all.compiler_.compile(file, {.on_progress = [this](std::string_view line) { tell(line); },
                                     .cancel_fd = all.cancel_.get()});
    if (compiled.failure) return fail_with(failure_of(*compiled.failure, request.file));
    if (compiled.dags.empty())
      return fail_with({.message = "no DAG is defined here", .file = request.file});
    return true;
  }

  void tell(std::string_view line) {
    all.note(id, [&](Deployment& deployment) {
      ++deployment.lines;
      deployment.progress.emplace_back(line);
      if (deployment.progress.size() > kDeploymentLinesKept)
        deployment.progress.erase(deployment.progress.begin());
    });
  }

  // A generated image says what it holds: tasks must not run on other files than the server knows.
  bool take_image() {
    if (request.image.empty()) return true;
    for (CompiledDag& dag : compiled.dags) {
      const std::string environment =
          environment_key(dag.version.environment, dag.spec.python_version);
      if (!request.image_bundle.empty() && request.image_bundle != compiled.bundle.hash)
        return fail_with({.message = "the image " + request.image + " was built from other files",
                          .hint = "build it again from the files that are pushed"});
      if (!request.image_environment.empty() && request.image_environment != environment) {
        return fail_with({.message = "the image " + request.image + " holds environment " +
                                     request.image_environment + ", here it is " + environment,
                          .hint = "name python_version: in leoflow.yaml, so that it is the same "
                                  "wherever the project is compiled"});
      }
      dag.version.image = request.image;
      dag.version.content_hash = sha256_hex(dag.version.content_hash + " " + request.image);
    }
    return true;
  }

  // Before anything is registered: all or none.
  bool check_holders() {
    for (const CompiledDag& dag : compiled.dags) {
      const auto row = all.dags_.get_dag(dag.spec.dag_id);
      if (!row) return fail_with(failure_of(row.error()));
      if (!*row || (*row)->is_stale) continue;
      if (!check_holder(**row)) return false;
    }
    return true;
  }

  bool check_holder(const Dag& holder) {
    const std::string& watched = all.options_.watched.string();
    if (holder.bundle_name == kPushedBundle && holder.relative_fileloc != filename()) {
      return fail_with({.message = "DAG '" + holder.dag_id + "' was pushed as " +
                                   holder.relative_fileloc + ", so " + filename() +
                                   " cannot have it too",
                        .hint = "push it under the same name (--name), or rename one of the two",
                        .file = request.file});
    }
    if (holder.bundle_name != kPushedBundle && !watched.empty()) {
      return fail_with({.message = "DAG '" + holder.dag_id + "' is in " + holder.relative_fileloc +
                                   " of the folder that the server watches, " + watched + ", so " +
                                   filename() + " cannot have it too",
                        .hint = "take it out of that folder, or rename one of the two",
                        .file = request.file});
    }
    return true;
  }

  // What is current now, to compare with and to go back to.
  Result<std::optional<DagVersion>> current_of(const std::string& dag_id) {
    const auto row = all.dags_.get_dag(dag_id);
    if (!row) return fail(row);
    if (!*row) return std::optional<DagVersion>();
    return all.dags_.get_version((*row)->current_version);
  }

  DeployedDag compared(const CompiledDag& dag, const std::optional<DagVersion>& before) const {
    DeployedDag told{.dag_id = dag.spec.dag_id, .warnings = dag.spec.warnings};
    told.created = !before || before->content_hash != dag.version.content_hash;
    if (!before) return told;
    told.previous_number = before->version_number;
    told.previous_label = before->label;
    if (!told.created) return told;
    if (auto spec = parse_dag_spec(before->dag_json)) told.changes = spec_changes(*spec, dag.spec);
    if (before->bundle_path != dag.version.bundle_path)
      told.changes.push_back({.what = "files", .change = "changed"});
    if (before->image != dag.version.image) {
      told.changes.push_back(
          {.what = "image", .change = "changed", .from = before->image, .to = dag.version.image});
    }
    return told;
  }

  bool take_dags() {
    for (const CompiledDag& dag : compiled.dags) {
      const auto before = current_of(dag.spec.dag_id);
      if (!before) return fail_with(failure_of(before.error()));
      DeployedDag told = compared(dag, *before);
      if (request.dry_run) {
        told.version_number = told.created ? 0 : told.previous_number;
        told.label = told.created ? request.label : told.previous_label;
      } else if (!register_dag(dag, told)) {
        return false;
      }
      dags.push_back(std::move(told));
    }
    return true;
  }

  bool register_dag(const CompiledDag& dag, DeployedDag& told) {
    const Registration how{
        .bundle_name = std::string(kPushedBundle),
        .paused_at_creation = all.options_.paused_at_creation,
        .origin = [this] { return Origin{request.label, request.commit, request.url}; },
        .activate = request.activate,
        .take_over = all.options_.watched.empty(),
        .now = all.clock_.now()};
    const auto registered = register_compiled(all.dags_, all.compiler_, compiled, dag, how);
    if (!registered) return fail_with(failure_of(registered.error()));
    told.version_number = registered->version.version_number;
    told.label = registered->version.label;
    told.created = registered->created;
    told.current = registered->dag.current_version == registered->version.id;
    report(told);
    return true;
  }

  void report(const DeployedDag& told) {
    if (all.callbacks_.on_dag_changed) all.callbacks_.on_dag_changed(told.dag_id);
    if (all.callbacks_.on_deployed) all.callbacks_.on_deployed(request, told);
  }

  // DAGs that the project had and defines no more: no new runs, as for a file that went.
  bool drop_others() {
    if (!request.activate) return true;
    const auto known = all.dags_.dags_of_file(filename());
    if (!known) return fail_with(failure_of(known.error()));
    std::set<std::string_view> defined;
    for (const CompiledDag& dag : compiled.dags) defined.insert(dag.spec.dag_id);
    for (const std::string& dag_id : *known) {
      if (defined.contains(dag_id)) continue;
      const auto row = all.dags_.get_dag(dag_id);
      if (!row) return fail_with(failure_of(row.error()));
      if (!*row || (*row)->is_stale || (*row)->bundle_name != kPushedBundle) continue;
      DeployedDag told{.dag_id = dag_id, .removed = true};
      if (!request.dry_run) {
        if (auto stale = all.dags_.set_stale(dag_id, true); !stale)
          return fail_with(failure_of(stale.error()));
        report(told);
      }
      dags.push_back(std::move(told));
    }
    return true;
  }

  bool run() {
    return unpack_files() && compile() && take_image() && check_holders() && take_dags() &&
           drop_others();
  }
};

Deployments::Deployments(DeploymentsOptions options, Compiler& compiler, Environments& environments,
                         DagStore& dags, const Clock& clock, DeploymentsCallbacks callbacks)
    : options_(std::move(options)),
      compiler_(compiler),
      environments_(environments),
      dags_(dags),
      clock_(clock),
      callbacks_(std::move(callbacks)),
      uploads_(emptied(options_.folder) / "archives", clock),
      cancel_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      thread_("deployments") {}

Deployments::~Deployments() { stop(); }

void Deployments::stop() {
  if (stopping_.exchange(true)) return;
  eventfd_write(cancel_.get(), 1);
  thread_.stop_and_join();
}

Result<UploadState> Deployments::append(const std::string& sha256, uint64_t bytes, uint64_t offset,
                                        std::string_view part) {
  return uploads_.with(
      [&](Uploads& uploads) { return uploads.append(sha256, bytes, offset, part); });
}

Result<UploadState> Deployments::upload(const std::string& sha256) const {
  return uploads_.with([&](const Uploads& uploads) { return uploads.state(sha256); });
}

Result<std::string> Deployments::begin(DeploymentRequest request) {
  if (auto checked = check(request); !checked) return fail(checked);
  auto archive = uploads_.with([&](Uploads& uploads) { return uploads.find(request.archive); });
  if (!archive) return fail(archive);
  Deployment deployment{.id = random_token(kIdLength), .request = std::move(request)};
  const std::string id = deployment.id;
  const bool taken = known_.with([&](Known& known) {
    auto open = [](const Deployment& one) { return one.state == DeploymentState::waiting; };
    if (size_t(std::ranges::count_if(known, open)) >= kDeploymentsWaitingMax) return false;
    if (known.size() >= kDeploymentsKept) known.pop_front();
    known.push_back(std::move(deployment));
    return true;
  });
  if (!taken) return fail(Code::exhausted, "too many deployments wait", "try again in a moment");
  thread_.loop().post([this, id] { work(id); });
  return id;
}

std::optional<Deployment> Deployments::find(const std::string& id) const {
  return known_.with([&](const Known& known) {
    const auto found = std::ranges::find(known, id, &Deployment::id);
    return found == known.end() ? std::nullopt : std::optional(*found);
  });
}

void Deployments::note(const std::string& id, const std::function<void(Deployment&)>& change) {
  known_.with([&](Known& known) {
    const auto found = std::ranges::find(known, id, &Deployment::id);
    if (found != known.end()) change(*found);
  });
}

void Deployments::work(const std::string& id) {
  if (stopping_) return;
  const auto deployment = find(id);
  if (!deployment) return;
  note(id, [](Deployment& one) { one.state = DeploymentState::preparing; });
  Job job{.all = *this, .request = deployment->request, .id = id};
  const bool done = job.run();
  if (auto removed = remove_tree(job.folder()); !removed) log::warning(removed.error().message());
  log::info(done ? "project deployed" : "project refused", {{"project", job.request.project},
                                                            {"label", job.request.label},
                                                            {"user", job.request.username},
                                                            {"error", job.failure.message}});
  note(id, [&](Deployment& one) {
    one.state = done ? DeploymentState::done : DeploymentState::failed;
    one.dags = std::move(job.dags);
    one.failure = std::move(job.failure);
  });
}

void Deployments::restore_environments() {
  thread_.loop().post([this] { restore_now(); });
}

void Deployments::restore_now() {
  auto list = [&](const Page& page) { return dags_.list_dags({.page = page}); };
  auto looked = for_each_row(list, [&](const Dag& dag) -> Status {
    if (stopping_) return fail(Code::cancelled, "the server stops");
    if (dag.bundle_name == kPushedBundle) restore(dag);
    return {};
  });
  if (!looked && !stopping_)
    log::error("environments not looked at", {{"error", looked.error().message()}});
}

void Deployments::restore(const Dag& dag) {
  const auto version = dags_.get_version(dag.current_version);
  if (!version || !*version || (*version)->environment.empty()) return;
  const auto spec = parse_dag_spec((*version)->dag_json);
  if (!spec) return;
  auto built = environments_.ensure(environment_of(*spec), {.cancel_fd = cancel_.get()});
  if (!built) {
    log::error("the environment of a pushed DAG is missing",
               {{"dag", dag.dag_id}, {"error", built.error().message()}});
  }
}

}  // namespace leoflow
