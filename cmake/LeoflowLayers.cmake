# SPDX-License-Identifier: Apache-2.0
# One folder, one library: every .cc of the folder belongs to it, every *_test.cc to its test program.

add_library(leoflow_flags INTERFACE)
target_include_directories(leoflow_flags INTERFACE ${CMAKE_SOURCE_DIR}/src)
# GCC 12 at -O2 takes the empty half of std::optional and std::expected for uninitialized memory.
target_compile_options(leoflow_flags INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
# clang does not take libstdc++ 12's own use of what it deprecates (std::stable_sort) for a system header's.
target_compile_options(leoflow_flags INTERFACE $<$<CXX_COMPILER_ID:Clang>:-Wno-deprecated-declarations>)
target_compile_options(leoflow_flags INTERFACE -Wall -Wextra -Wno-missing-field-initializers
  $<$<BOOL:${LEOFLOW_WERROR}>:-Werror> -ffunction-sections -fdata-sections)
target_compile_definitions(leoflow_flags INTERFACE BOOST_ASIO_SEPARATE_COMPILATION
  BOOST_BEAST_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED)
target_link_options(leoflow_flags INTERFACE -Wl,--gc-sections)

# leoflow_layer(NAME [DEPS target...] [TEST_DEPS target...]): library leoflow_NAME from the current folder, and
# leoflow_NAME_test when the folder has tests.
function(leoflow_layer name)
  cmake_parse_arguments(ARG "" "" "DEPS;TEST_DEPS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS *.cc)
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_(test|main)\\.cc$")   # programs are targets of their own
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  if(sources)
    add_library(leoflow_${name} STATIC ${sources})
    target_link_libraries(leoflow_${name} PUBLIC leoflow_flags ${ARG_DEPS})
  else()
    add_library(leoflow_${name} INTERFACE)
    target_link_libraries(leoflow_${name} INTERFACE leoflow_flags ${ARG_DEPS})
  endif()
  if(tests AND LEOFLOW_TESTS)
    leoflow_test(leoflow_${name}_test SOURCES ${tests} DEPS leoflow_${name} ${ARG_TEST_DEPS})
  endif()
endfunction()

file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/test_include/test_paths.h CONTENT
  "#pragma once\n#define LEOFLOW_SOURCE_DIR \"${CMAKE_SOURCE_DIR}\"\n#define LEOFLOW_BINARY_DIR \"${CMAKE_BINARY_DIR}\"\n")

# leoflow_test(TARGET SOURCES file... DEPS target...): a GoogleTest program run as one ctest entry.
function(leoflow_test target)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${target} ${ARG_SOURCES})
  set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/test)
  # In a header, not on the command line, so that a compiler cache fits other checkouts too.
  target_include_directories(${target} PRIVATE ${CMAKE_BINARY_DIR}/test_include)
  # Tests are compiled once and run for seconds: quick to build beats quick to run.
  target_compile_options(${target} PRIVATE -O0)
  target_link_libraries(${target} PRIVATE ${ARG_DEPS} GTest::gtest_main)
  add_test(NAME ${target} COMMAND ${target} --gtest_brief=1)
  set_tests_properties(${target} PROPERTIES TIMEOUT 300)
endfunction()
