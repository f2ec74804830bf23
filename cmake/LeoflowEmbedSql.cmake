# SPDX-License-Identifier: Apache-2.0
# Turns sql/NNNN_name.sql into one .cc with the texts. Run as: cmake -DOUTPUT=file -DFILES=a;b -P LeoflowEmbedSql.cmake
set(entries "")
list(SORT FILES)
foreach(file IN LISTS FILES)
  get_filename_component(name "${file}" NAME_WE)
  if(NOT name MATCHES "^([0-9][0-9][0-9][0-9])_[a-z0-9_]+$")
    message(FATAL_ERROR "migration ${file}: name it NNNN_what_it_does.sql")
  endif()
  math(EXPR number "1${CMAKE_MATCH_1} - 10000")
  file(READ "${file}" text)
  string(APPEND entries "    {${number}, \"${name}\", R\"leoflow_sql(${text})leoflow_sql\"},\n")
endforeach()
file(WRITE "${OUTPUT}.new" "// Generated from sql/*.sql by cmake/LeoflowEmbedSql.cmake.
#include \"store/sql/migrate.h\"

namespace leoflow::sql {

std::span<const Migration> embedded_migrations() {
  static constexpr Migration kMigrations[] = {
${entries}  };
  return kMigrations;
}

}  // namespace leoflow::sql
")
file(RENAME "${OUTPUT}.new" "${OUTPUT}")
