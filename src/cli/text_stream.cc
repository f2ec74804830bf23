// SPDX-License-Identifier: Apache-2.0
#include "cli/text_stream.h"

#include <utility>

namespace leoflow::cli {

std::optional<std::string> LineSplitter::next() {
  size_t newline = buffer_.find('\n', searched_);
  if (newline == std::string::npos) {
    searched_ = buffer_.size();
    if (buffer_.size() <= kLineBytesMax) return std::nullopt;
    searched_ = 0;
    return std::exchange(buffer_, {});
  }
  std::string line = buffer_.substr(0, newline);
  if (line.ends_with('\r')) line.pop_back();
  buffer_.erase(0, newline + 1);
  searched_ = 0;
  return line;
}

std::optional<ServerEvent> EventSplitter::next() {
  while (auto line = lines_.next()) {
    if (line->empty()) {
      ServerEvent event = std::exchange(event_, {});
      if (!event.id.empty()) last_id_ = event.id;
      if (event.data.empty()) continue;
      return event;
    }
    size_t colon = line->find(':');
    if (colon == 0 || colon == std::string::npos) continue;
    std::string value = line->substr(colon + 1);
    if (value.starts_with(' ')) value.erase(0, 1);
    std::string_view field = std::string_view(*line).substr(0, colon);
    if (field == "event") event_.name = value;
    if (field == "id") event_.id = value;
    if (field == "data") event_.data += (event_.data.empty() ? "" : "\n") + value;
  }
  return std::nullopt;
}

}  // namespace leoflow::cli
