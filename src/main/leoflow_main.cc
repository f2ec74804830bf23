// SPDX-License-Identifier: Apache-2.0
#include "cli/cli.h"
#include "main/commands.h"

int main(int argc, char** argv) {
  leoflow::prepare_signals();
  leoflow::Commands commands;
  return leoflow::cli::run(argc, argv, commands);
}
