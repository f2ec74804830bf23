// SPDX-License-Identifier: Apache-2.0
// /importErrors: files that do not compile.
#include "api/call.h"
#include "api/present.h"
#include "api/routes.h"

namespace leoflow::api {
namespace {

void write_import_error(json::Writer& w, const ImportError& error) {
  w.begin_object()
      .member("import_error_id", error.id)
      .member("timestamp", api_time(error.timestamp));
  w.member("filename", error.filename);
  member_text(w, "bundle_name", error.bundle_name);
  w.member("stack_trace", error.stack_trace).end_object();
}

Result<Response> get_import_errors(Call& call) {
  ImportErrorQuery query{.filename_pattern = call.pattern("filename"),
                         .filename = call.query_or("filename"),
                         .bundle_name = call.query_or("bundle_name")};
  auto page = call.page("id import_error_id=id timestamp filename bundle_name stacktrace", "id");
  if (!page) return fail(page);
  query.page = std::move(*page);
  auto errors = call.services.store.import_errors().list(query);
  if (!errors) return fail(errors);
  json::Writer w;
  w.begin_object().key("import_errors").begin_array();
  for (const ImportError& error : errors->rows) write_import_error(w, error);
  w.end_array().member("total_entries", errors->total).end_object();
  return json_response(w);
}

Result<Response> get_import_error(Call& call) {
  auto error = call.services.store.import_errors().get(call.path_id("import_error_id"));
  if (!error) return fail(error);
  if (!*error) {
    return fail(Code::not_found, "The ImportError with import_error_id: `" +
                                     call.path("import_error_id") + "` was not found");
  }
  json::Writer w;
  write_import_error(w, **error);
  return json_response(w);
}

}  // namespace

void add_import_error_routes(Router& router) {
  router.tag("Import Error");
  router.shape("ImportErrorResponse",
               "import_error_id:int timestamp:time filename:str bundle_name:str? stack_trace:str");
  router.shape("ImportErrorCollectionResponse",
               "import_errors:[ImportErrorResponse] total_entries:int");
  router.add(Method::get, "/api/v2/importErrors", "get_import_errors", get_import_errors)
      .about("Files that do not compile")
      .takes(paging())
      .takes(ordered_by("id"))
      .takes(pattern("filename"))
      .takes({{.name = "filename"}, {.name = "bundle_name"}})
      .answers_with(200, "ImportErrorCollectionResponse");
  router
      .add(Method::get, "/api/v2/importErrors/{import_error_id:int}", "get_import_error",
           get_import_error)
      .about("One import error")
      .answers_with(200, "ImportErrorResponse");
}

}  // namespace leoflow::api
