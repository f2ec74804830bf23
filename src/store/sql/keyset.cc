// SPDX-License-Identifier: Apache-2.0
#include "store/sql/keyset.h"

#include <algorithm>

#include "store/sql/list_cursor.h"
#include "store/sql/rows.h"

namespace leoflow::sql {
namespace {

bool is_null(const Row::Value& value) { return std::holds_alternative<std::monostate>(value); }

// Where a value stands against another in the order of a term: below 0 before it. NULLs are last.
int compare(const Row::Value& one, const Row::Value& other, bool descending) {
  if (is_null(one) || is_null(other)) return int(is_null(one)) - int(is_null(other));
  int order = one < other ? -1 : other < one ? 1 : 0;
  return descending ? -order : order;
}

// One question for the keys of a page.
class KeyReader {
 public:
  KeyReader(Connection& connection, const KeyedList& list, const Where& where, const Page& page)
      : connection_(connection), list_(list), where_(where), page_(page) {}

  Result<KeyPage> read(const Walk& walk);

 private:
  // The part's rows that lie on the way from the place.
  enum class Covered { none, some, all };
  struct Question {
    std::string sql;
    Where where;
  };

  Status prepare();
  std::span<const OrderTerm> terms_in(const Part& part) const;
  Covered covered(const Part& part) const;
  std::string beyond(std::span<const OrderTerm> terms, size_t first, Where& where) const;
  std::string bound(std::span<const OrderTerm> terms, size_t first) const;
  Question question(const Part& part) const;
  Result<std::vector<Place>> ask(const Part& part, int64_t offset, int64_t limit) const;
  Result<int64_t> rows_in(const Part& part) const;
  Status collect(const Part& part, bool is_last);
  KeyPage page_of();

  Connection& connection_;
  const KeyedList& list_;
  const Where& where_;
  const Page& page_;
  std::vector<OrderTerm> terms_;
  bool key_descends_ = false;
  std::optional<Place> from_;
  int64_t offset_ = 0;
  int64_t wanted_ = 0;  // one more than the page holds: whether there is another page
  std::vector<Place> found_;
};

Status KeyReader::prepare() {
  if (!where_.status()) return where_.status();
  auto terms = order_terms(page_, list_.columns);
  if (!terms) return fail(terms);
  terms_ = std::move(*terms);
  key_descends_ = !terms_.empty() && terms_.back().descending;
  wanted_ = page_.limit > 0 ? page_.limit + 1 : 0;
  offset_ = page_.offset;
  if (page_.cursor.empty()) return {};
  auto place = read_cursor(page_.cursor, page_.order);
  if (!place) return fail(place);
  from_ = std::move(*place);
  offset_ = 0;
  return {};
}

// A fixed column orders nothing.
std::span<const OrderTerm> KeyReader::terms_in(const Part& part) const {
  std::span<const OrderTerm> terms(terms_);
  return part.fixed && !terms.empty() ? terms.subspan(1) : terms;
}

KeyReader::Covered KeyReader::covered(const Part& part) const {
  if (!from_ || terms_.empty()) return from_ ? Covered::some : Covered::all;
  const Row::Value& value = from_->values[0];
  int side = 0;
  if (part.fixed) side = compare(*part.fixed, value, terms_[0].descending);
  if (part.not_null && is_null(value)) side = -1;
  if (side == 0) return Covered::some;
  return (side > 0) == from_->backwards ? Covered::none : Covered::all;
}

std::string after_name(size_t term) { return "$after_" + std::to_string(term); }

// Rows strictly beyond the place, as far as terms from number `first` on and the key tell.
std::string KeyReader::beyond(std::span<const OrderTerm> terms, size_t first, Where& where) const {
  bool back = from_->backwards;
  if (terms.empty()) {
    where.bind("$after_key", from_->key);
    return std::string(list_.key) + (key_descends_ != back ? " < " : " > ") + "$after_key";
  }
  const OrderTerm& term = terms[0];
  const Row::Value& value = from_->values[first];
  std::string column(term.column.expression), name = after_name(first);
  std::string further, same;
  if (is_null(value)) {
    further = back ? column + " IS NOT NULL" : std::string("FALSE");
    same = column + " IS NULL";
  } else {
    where.bind(name, value);
    further = column + (term.descending != back ? " < " : " > ") + name;
    if (term.column.nullable && !back) further += " OR " + column + " IS NULL";
    same = column + " = " + name;
  }
  return "(" + further + " OR (" + same + " AND " + beyond(terms.subspan(1), first + 1, where) +
         "))";
}

// The same of the first term alone and including the place: what an index is entered with.
std::string KeyReader::bound(std::span<const OrderTerm> terms, size_t first) const {
  if (terms.empty() || terms[0].column.nullable || is_null(from_->values[first])) return {};
  bool less = terms[0].descending != from_->backwards;
  return " AND " + std::string(terms[0].column.expression) + (less ? " <= " : " >= ") +
         after_name(first);
}

KeyReader::Question KeyReader::question(const Part& part) const {
  std::vector<OrderTerm> terms(terms_in(part).begin(), terms_in(part).end());
  if (part.not_null && !terms.empty()) terms[0].column.nullable = false;
  Question question{.where = where_};
  question.sql = "SELECT " + std::string(list_.key);
  for (const OrderTerm& term : terms_) question.sql.append(", ").append(term.column.expression);
  question.sql += part.from + " WHERE TRUE" + part.conditions + where_.text();
  if (covered(part) == Covered::some) {
    size_t first = terms_.size() - terms.size();
    std::string text = beyond(terms, first, question.where);
    question.sql += bound(terms, first) + " AND " + text;
  }
  question.sql += order_and_limit(terms, list_.key, key_descends_, from_ && from_->backwards);
  return question;
}

Result<std::vector<Place>> KeyReader::ask(const Part& part, int64_t offset, int64_t limit) const {
  Question question = this->question(part);
  Result<Query> query = connection_.query(question.sql);
  if (!query) return fail(query);
  question.where.bind_to(*query);
  query->bind("$limit", limit).bind("$offset", offset);
  std::vector<Place> places;
  while (true) {
    Result<bool> more = query->step();
    if (!more) return fail(more);
    if (!*more) return places;
    Row row = query->row();
    Place place{.key = row.integer()};
    for (size_t i = 0; i < terms_.size(); ++i) place.values.push_back(row.value());
    places.push_back(std::move(place));
  }
}

Result<int64_t> KeyReader::rows_in(const Part& part) const {
  std::string sql = "SELECT count(*)" + part.from + " WHERE TRUE" + part.conditions + where_.text();
  Result<Query> query = connection_.query(sql);
  if (!query) return fail(query);
  where_.bind_to(*query);
  auto rows = read_one(*query, read_integer);
  if (!rows) return fail(rows);
  return rows->value_or(0);
}

Status KeyReader::collect(const Part& part, bool is_last) {
  if (covered(part) == Covered::none || int64_t(found_.size()) == wanted_) return {};
  auto places = ask(part, offset_, wanted_ - int64_t(found_.size()));
  if (!places) return fail(places);
  if (offset_ > 0 && places->empty() && !is_last) {
    auto rows = rows_in(part);
    if (!rows) return fail(rows);
    offset_ = std::max<int64_t>(0, offset_ - *rows);
  } else {
    offset_ = 0;
  }
  std::ranges::move(*places, std::back_inserter(found_));
  return {};
}

KeyPage KeyReader::page_of() {
  KeyPage page;
  bool more = int64_t(found_.size()) > page_.limit;
  if (more) found_.pop_back();
  if (found_.empty()) return page;
  bool back = from_ && from_->backwards;
  if (back) std::ranges::reverse(found_);
  for (const Place& place : found_) page.keys.push_back(place.key);
  Place first = found_.front(), last = found_.back();
  first.backwards = true;
  if (more || back) page.next_cursor = cursor_text(page_.order, last);
  if (back ? more : (from_ || page_.offset > 0))
    page.previous_cursor = cursor_text(page_.order, first);
  return page;
}

Result<KeyPage> KeyReader::read(const Walk& walk) {
  if (Status ready = prepare(); !ready) return fail(ready);
  std::vector<const Part*> parts;
  for (const Part& part : walk.parts) parts.push_back(&part);
  if (from_ && from_->backwards) std::ranges::reverse(parts);
  for (const Part* part : parts) {
    if (Status done = collect(*part, part == parts.back()); !done) return fail(done);
  }
  return page_of();
}

}  // namespace

Result<KeyPage> read_keys(Connection& connection, const KeyedList& list, const Walk& walk,
                          const Where& where, const Page& page) {
  return KeyReader(connection, list, where, page).read(walk);
}

Result<Counted> count_along(Connection& connection, const Walk& walk, const Where& where) {
  const Part& part = walk.parts.front();
  std::string sql = "SELECT 1" + (walk.counted.empty() ? part.from : walk.counted) + " WHERE TRUE";
  if (walk.counted.empty()) sql += part.conditions;
  return count_matching(connection, sql, where);
}

}  // namespace leoflow::sql
