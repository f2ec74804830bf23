// SPDX-License-Identifier: Apache-2.0
// The shapes of request and response bodies. Each route file declares its shapes in a short
// notation; from them come the components of /openapi.json and the checks of request bodies, so
// that the document and the checks cannot differ.
//
//   "dag_run_id:str? conf:obj note:str(..1000)? states:[DagRunState] kind:<a|b> at:time
//   map_index?:int"
//
// A shape is a list of members name:type; `name?` need not be there; `type?` may be null; a leading
// `!` refuses other members (request bodies). Types: str int num bool time date uuid obj (any
// object) any, <a|b> (one of), [T] (list), {T} (object of T), Name (another shape), str(1..250) and
// int(0..9) with bounds, either side may be missing, str~dag for ids (^[\w.-]+$, 1 to 250). A text
// that starts with `=` is one type instead of a list of members.
#pragma once

#include <string_view>

#include "base/json.h"

namespace leoflow::api {

// The JSON schema of a shape. `invalid` when the notation is wrong (our bug; a test compiles all of
// them).
Result<json::object> compile_shape(std::string_view notation);

}  // namespace leoflow::api
