// SPDX-License-Identifier: Apache-2.0
// leoflow-agent: the program beside the server that runs task processes. By hand-written options:
// the binary is small and starts in milliseconds.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>

#include "agent/node_agent.h"
#include "agent/pod_agent.h"
#include "base/version.h"

namespace {

constexpr const char* kUsage =
    "usage: leoflow-agent node --home DIR --server unix:PATH|HOST:PORT --python-dir DIR\n"
    "                          [--tls-ca FILE] [--slots N] [--detach]\n"
    "       leoflow-agent pod            (as the first process of a pod; told by variables)\n"
    "       leoflow-agent copy PATH      (itself, for an init container)\n"
    "       leoflow-agent --version\n";

int usage(const std::string& problem) {
  std::fprintf(stderr, "leoflow-agent: %s\n\n%s", problem.c_str(), kUsage);
  return 2;
}

int run_pod(int argc) {
  if (argc > 2) return usage("pod takes no options");
  auto options = leoflow::read_pod_options([](std::string_view name) {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody sets any
    const char* text = std::getenv(std::string(name).c_str());
    return std::string(text != nullptr ? text : "");
  });
  if (!options) {
    std::fprintf(stderr, "leoflow-agent: %s\n", options.error().text().c_str());
    return int(leoflow::pod::Exit::usage);
  }
  return int(leoflow::run_pod_agent(std::move(*options)));
}

// What an init container from an image with the agent does: leaves it in a volume.
int copy_self(const std::filesystem::path& to) {
  namespace fs = std::filesystem;
  std::error_code error;
  fs::copy_file("/proc/self/exe", to, fs::copy_options::overwrite_existing, error);
  if (!error) fs::permissions(to, fs::perms(0755), error);
  if (!error) return 0;
  std::fprintf(stderr, "leoflow-agent: cannot copy itself to %s: %s\n", to.c_str(),
               error.message().c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  std::string command = argc > 1 ? argv[1] : "";
  if (command == "--version") {
    std::printf("leoflow-agent %s\n", leoflow::kVersion);
    return 0;
  }
  if (command == "--help" || command == "-h") {
    std::fputs(kUsage, stdout);
    return 0;
  }
  if (command == "copy") return argc == 3 ? copy_self(argv[2]) : usage("copy needs a path");
  if (command == "pod") {
    int status = run_pod(argc);
    std::fflush(stderr);
    _exit(status);  // threads of gRPC may still run
  }
  if (command != "node")
    return usage(command.empty() ? "a command is missing" : "unknown command " + command);
  leoflow::NodeAgentOptions options;
  std::string slots = "16";
  std::map<std::string, std::string> values;
  for (int i = 2; i < argc; ++i) {
    std::string name = argv[i];
    if (name == "--detach") {
      options.detach = true;
      continue;
    }
    bool known = name == "--home" || name == "--server" || name == "--python-dir" ||
                 name == "--tls-ca" || name == "--slots";
    if (!known) return usage("unknown option " + name);
    if (++i >= argc) return usage(name + " needs a value");
    values[name] = argv[i];
  }
  options.home = values["--home"];
  options.server = values["--server"];
  options.python_dir = values["--python-dir"];
  options.tls_ca = values["--tls-ca"];
  if (values.contains("--slots")) options.slots_max = std::atoi(values["--slots"].c_str());
  if (options.home.empty() || options.server.empty() || options.python_dir.empty() ||
      options.slots_max < 1) {
    return usage("--home, --server and --python-dir are needed, and --slots must be at least 1");
  }
  auto run = leoflow::run_node_agent(std::move(options));
  if (!run) std::fprintf(stderr, "leoflow-agent: %s\n", run.error().text().c_str());
  std::fflush(stderr);
  _exit(run ? 0 : leoflow::exit_status(run.error().code()));  // threads of gRPC may still run
}
