// SPDX-License-Identifier: Apache-2.0
#include "cli/context.h"

#include <algorithm>

#include "base/file.h"
#include "cli/format.h"

namespace leoflow::cli {
namespace {

constexpr size_t kSmallFileBytesMax = 64 * 1024;

std::string stripped(std::string text) {
  text.erase(text.find_last_not_of(" \r\n\t") + 1);
  return text;
}

// What a server wrote into its home when it started.
struct ServerInfo {
  std::string url;
  std::string certificate;  // PEM file; empty without TLS
};

Result<ServerInfo> server_of(const std::string& home) {
  auto text = read_file(fs::path(home) / "server.json", kSmallFileBytesMax);
  if (!text) {
    return fail(
        Code::unavailable, "no server is running for the home " + home,
        "start one with `leoflow lite DIR`, or name another with --server URL or --home DIR");
  }
  auto info = json::parse(*text);
  std::string url = info && info->is_object() ? json::string_or(info->get_object(), "url") : "";
  if (url.empty()) return fail(Code::invalid, home + "/server.json does not name the server's url");
  return ServerInfo{std::move(url), json::string_or(info->get_object(), "certificate")};
}

}  // namespace

std::vector<Argument> global_arguments(Globals& globals) {
  return {
      {"--home",
       "DIR",
       "Folder of the installation (LEOFLOW_HOME, default ~/.leoflow)",
       &globals.home,
       {},
       false},
      {"--server",
       "URL",
       "Server to talk to (LEOFLOW_SERVER, default: the one running for the home)",
       &globals.server,
       {},
       false},
      {"--token",
       "TOKEN",
       "API token (LEOFLOW_TOKEN, default: the home's own)",
       &globals.token,
       {},
       false},
      {"--ca",
       "FILE",
       "Certificates to trust over https (LEOFLOW_CA, default: this host's)",
       &globals.ca,
       {},
       false},
      {"-o,--output", "FORM", "table or json", &globals.output, {"table", "json"}, false},
      {"-y,--yes", "", "Do not ask before deleting or clearing", &globals.yes, {}, false},
  };
}

Result<ApiClient*> Context::api() {
  if (api_) return &*api_;
  std::string address = globals.server;
  Trust trust{.ca_file = globals.ca};
  bool ours = address.empty();
  if (ours) {
    auto found = server_of(globals.home);
    if (!found) return fail(found);
    address = std::move(found->url);
    trust.own_certificate = std::move(found->certificate);
  }
  auto url = parse_url(address);
  if (!url) return fail(url);
  // The home's token goes to no other machine. A missing one is the server's to complain about.
  bool here = ours || url->host == "127.0.0.1" || url->host == "localhost" || url->host == "::1";
  std::string token = globals.token;
  if (token.empty() && here) {
    auto file = read_file(fs::path(globals.home) / "cli.token", kSmallFileBytesMax);
    if (file) token = stripped(std::move(*file));
  }
  if (token.find_first_of("\r\n") != std::string::npos)
    return fail(Code::invalid, "the token must be one line");
  api_.emplace(HttpClient(std::move(*url), std::move(token), std::move(trust)));
  return &*api_;
}

void Context::show(const std::vector<Column>& columns, const Rows& rows, std::string_view none) {
  if (json()) {
    console.out(render_json(rows.rows));
  } else if (rows.rows.empty()) {
    say(none);
  } else {
    console.out(render_table(console, columns, rows.rows));
  }
  if (!rows.rows.empty() && int64_t(rows.rows.size()) < rows.total) {
    say(std::to_string(rows.rows.size()) + " of " + std::to_string(rows.total) +
        " shown; --limit 0 shows all");
  }
}

void Context::show_object(const std::vector<Column>& columns, const json::object& object) {
  if (json()) {
    console.out(json::dump(json::value(object)) + "\n");
    return;
  }
  size_t width = 0;
  for (const Column& column : columns) width = std::max(width, column.title.size());
  for (const Column& column : columns) {
    std::string title = column.title;
    title.resize(width + 2, ' ');
    std::string text = cell_text(object, column);
    console.out(console.paint(Colour::bold, title) +
                (column.show == Show::state ? console.paint_state(text, text) : text) + "\n");
  }
}

void Context::say(std::string_view sentence) { console.err(std::string(sentence) + "\n"); }
void Context::warn(std::string_view sentence) {
  console.err("warning: " + std::string(sentence) + "\n");
}

Status Context::confirm(const std::string& question) {
  if (globals.yes) return {};
  auto answer = console.ask(question + " [y/N] ");
  if (!answer)
    return fail(Code::denied, question + " Nobody can be asked here.", "add --yes to do it");
  if (*answer == "y" || *answer == "Y" || *answer == "yes") return {};
  return fail(Code::cancelled, "nothing was changed");
}

std::string error_text(const Error& error) {
  std::string text = "error: " + printable(error.message(), true) + "\n";
  if (!error.hint().empty()) text += "hint: " + printable(error.hint(), true) + "\n";
  return text;
}

}  // namespace leoflow::cli
