// SPDX-License-Identifier: Apache-2.0
// What must not be shown: names that look like secrets, and texts that are.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/entities.h"

namespace leoflow {

constexpr size_t kMaskedLengthMin = 5;   // shorter texts would blank out half a log
constexpr std::string_view kMask = "***";

// Whether the value of a variable or extra of this name is a secret (Airflow's list: password, token, api_key, ...).
bool looks_sensitive(std::string_view name);
// Replaces every occurrence of the texts by ***, longest first; texts under kMaskedLengthMin are left alone.
std::string mask(std::string_view text, const std::vector<std::string>& secrets);
// JSON extras with the values of sensitive names as ***; a text that is no JSON object becomes *** as a whole.
std::string mask_extra(std::string_view extra);

// The texts of a connection or variable that mask() must know, with their percent-encoded forms. May repeat.
void add_secret_texts(const Connection& connection, std::vector<std::string>& secrets);
void add_secret_texts(const Variable& variable, std::vector<std::string>& secrets);

}  // namespace leoflow
