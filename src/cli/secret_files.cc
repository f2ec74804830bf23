// SPDX-License-Identifier: Apache-2.0
#include "cli/secret_files.h"

#include "base/file.h"
#include "cli/context.h"

namespace leoflow::cli {
namespace {

struct FileOptions {
  std::string file, format, on_existing;
  bool overwrite = false, secrets = false;
};

// Of a file, unless it is said: by the ending of its name.
std::string format_of(const FileOptions& options) {
  if (!options.format.empty()) return options.format;
  std::string ending = fs::path(options.file).extension().string();
  if (ending == ".yaml" || ending == ".yml") return "yaml";
  return ending == ".env" || options.file == ".env" ? "env" : "json";
}

Result<std::string> content_of(Context& context, const std::string& file) {
  return file == "-" ? context.console.read_input() : read_file(file);
}

}  // namespace

Status bulk_refusals(const json::object& answer, std::string hint) {
  const json::object* created = json::object_or_null(answer, "create");
  const json::array* errors = created ? json::array_or_null(*created, "errors") : nullptr;
  if (!errors || errors->empty()) return {};
  std::string text;
  for (const json::value& one : *errors)
    text += (text.empty() ? "" : "; ") + json::string_or(one.as_object(), "error");
  return fail(Code::invalid, std::move(text), std::move(hint));
}

namespace {

Result<int> import_file(Context& context, const SecretFiles& files, const FileOptions& options) {
  auto content = content_of(context, options.file);
  if (!content) return fail(content);
  auto api = context.api();
  if (!api) return fail(api);
  std::string policy = options.on_existing;
  if (policy.empty()) policy = options.overwrite || files.replaces ? "overwrite" : "skip";
  json::object body{
      {"content", *content}, {"format", format_of(options)}, {"action_on_existence", policy}};
  auto answer = (*api)->send_object("POST", own_path({files.word, "import"}), body);
  if (!answer) return fail(answer);
  if (context.json()) context.console.out(json::dump(json::value(*answer)) + "\n");
  Status refused = bulk_refusals(*answer, "the other entries of the file are in");
  if (!refused) return fail(refused);
  const json::object* created = json::object_or_null(*answer, "create");
  const json::array* done = created ? json::array_or_null(*created, "success") : nullptr;
  context.say(std::to_string(done ? done->size() : 0) + " " + files.word + " are set");
  return 0;
}

Result<int> export_file(Context& context, const SecretFiles& files, const FileOptions& options) {
  auto api = context.api();
  if (!api) return fail(api);
  Query query{{"format", format_of(options)}, {"secrets", options.secrets ? "true" : ""}};
  auto answer = (*api)->get_object(with_query(own_path({files.word, "export"}), query));
  if (!answer) return fail(answer);
  std::string text = json::string_or(*answer, "content");
  if (options.file.empty()) {
    context.console.out(text);
  } else if (auto status = write_file(options.file, text, 0600); !status) {
    return fail(status);
  }
  if (int64_t masked = json::int_or(*answer, "masked"); masked > 0)
    context.warn("secrets are left out of " + files.word + ": " + std::to_string(masked));
  return 0;
}

}  // namespace

void add_file_commands(Command& group, const SecretFiles& files) {
  auto options = std::make_shared<FileOptions>();
  const std::vector<std::string> formats{"json", "yaml", "env"};
  Command& in = group.add("import", "Set " + files.word + " from a file, as Airflow writes it")
                    .argument("FILE", &options->file, "File to read; - reads stdin")
                    .option("--format", "FORMAT", &options->format,
                            "json, yaml or env (default: by the file's name, else json)", formats);
  if (files.replaces) {
    in.option("--action-on-existing-key", "ACTION", &options->on_existing,
              "What to do with those that are there (default: overwrite)",
              {"overwrite", "fail", "skip"});
  } else {
    in.flag("--overwrite", &options->overwrite,
            "Replace those that are there; else they stay as they are");
  }
  in.example("leoflow " + files.word + " import " + files.example)
      .runs([options, files](Context& context) { return import_file(context, files, *options); });
  group.add("export", "Write " + files.word + " as a file; secrets are left out")
      .argument_if_any("FILE", &options->file, "File to write (default: stdout)")
      .option("--format", "FORMAT", &options->format,
              "json, yaml or env (default: by the file's name, else json)", formats)
      .flag("--secrets", &options->secrets,
            "With secrets: for administrators, where the server was started with "
            "LEOFLOW_EXPORT_SECRETS=1")
      .example("leoflow " + files.word + " export " + files.example)
      .runs([options, files](Context& context) { return export_file(context, files, *options); });
}

}  // namespace leoflow::cli
