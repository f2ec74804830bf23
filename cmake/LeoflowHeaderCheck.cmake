# SPDX-License-Identifier: Apache-2.0
# Target header_check: every header of src/ compiles alone, and twice. Not part of the default build (make header-check).
file(GLOB_RECURSE headers CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/src/*.h)
set(units "")
foreach(header ${headers})
  set(unit ${CMAKE_BINARY_DIR}/header_check/${header}.cc)
  file(CONFIGURE OUTPUT ${unit} CONTENT "#include \"${header}\"\n#include \"${header}\"\n")
  list(APPEND units ${unit})
endforeach()
add_library(header_check OBJECT EXCLUDE_FROM_ALL ${units})
target_link_libraries(header_check PRIVATE leoflow_flags leoflow_proto Boost::headers PkgConfig::GRPCPP)
target_include_directories(header_check PRIVATE ${CMAKE_BINARY_DIR}/test_include)
