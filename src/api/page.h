// SPDX-License-Identifier: Apache-2.0
// The web page: files that the program carries, answered at every path that is not the API's.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "api/http.h"
#include "base/archive.h"

namespace leoflow::api {

// Immutable: any thread.
class WebPage {
 public:
  // Files of the built page; "x.gz" is the packed form of "x". Without index.html there is no page,
  // and `/` says how to get it. Their bytes outlive this.
  explicit WebPage(const std::vector<ArchiveFile>& files);

  // Whether a path can be one of the page's rather than one of the API's.
  static bool may_be_page(const std::vector<std::string>& segments);
  // The answer to GET or HEAD of such a path: a file; index.html where the page itself knows the
  // path (deep links); 404 for files that are not there; 400 for escaped slashes. segments:
  // decoded.
  Response serve(const Request& request, const std::vector<std::string>& segments) const;

 private:
  struct File {
    std::string_view plain, packed;  // packed may be empty
    std::string tag;                 // ETag without quotes
  };
  const File* find(std::string_view path) const;

  std::map<std::string, File, std::less<>> files_;
};

}  // namespace leoflow::api
