// SPDX-License-Identifier: Apache-2.0
#include "main/xcom_pages.h"

#include "main/start_frame.h"

namespace leoflow {

Result<PulledXCom> pull_index(Store& store, const DagRun& run, const std::string& task_id,
                              int map_index, const std::string& key) {
  auto xcom = store.xcoms().get(run.key, task_id, map_index, key);
  if (!xcom) return fail(xcom);
  if (!*xcom) return PulledXCom{};
  auto text = xcom_text(**xcom);
  if (!text) return fail(text);
  return PulledXCom{.found = true, .value = std::move(*text)};
}

Result<PulledXCom> pull_all_indexes(Store& store, const DagRun& run, const std::string& task_id,
                                    const std::string& key, int64_t offset) {
  XComQuery query{
      .dag_id = run.dag_id,
      .run_id = run.run_id,
      .task_id = task_id,
      .key = key,
      .page = {.limit = kXComPageMax, .offset = offset, .order = {{"map_index", false}}}};
  auto rows = store.xcoms().list(query);
  if (!rows) return fail(rows);
  PulledXCom pulled{.found = rows->total > 0, .total = rows->total};
  size_t bytes = 0;
  for (const XComRow& row : rows->rows) {
    auto text = xcom_text(row.xcom);
    if (!text) return fail(text);
    bytes += text->size();
    if (bytes > kXComPageBytesMax && !pulled.values.empty()) break;
    pulled.values.push_back(std::move(*text));
  }
  return pulled;
}

}  // namespace leoflow
