# SPDX-License-Identifier: Apache-2.0
# Folders that travel inside a program, as one archive each (tools/pack_files writes it, base/archive.h reads it).
enable_language(ASM)

# leoflow_embed(TARGET NAME FOLDER folder DEPENDS file... [OPTIONS option...]): links the archive of a folder into
# a library as the symbols leoflow_NAME_archive and leoflow_NAME_archive_end.
function(leoflow_embed target name)
  cmake_parse_arguments(ARG "" "FOLDER" "DEPENDS;OPTIONS" ${ARGN})
  set(archive ${CMAKE_CURRENT_BINARY_DIR}/${name}.archive)
  set(pack ${CMAKE_SOURCE_DIR}/tools/pack_files)
  add_custom_command(OUTPUT ${archive} COMMAND ${pack} ${ARG_FOLDER} ${archive} ${ARG_OPTIONS}
    DEPENDS ${ARG_DEPENDS} ${pack} VERBATIM)
  leoflow_embed_archive(${target} ${name} ${archive})
endfunction()

# The same for a folder that is not there: an archive without files.
function(leoflow_embed_nothing target name)
  set(archive ${CMAKE_CURRENT_BINARY_DIR}/${name}.none)
  file(TOUCH ${archive})
  leoflow_embed_archive(${target} ${name} ${archive})
endfunction()

function(leoflow_embed_archive target name archive)
  set(assembly ${CMAKE_CURRENT_BINARY_DIR}/${name}_archive.S)
  configure_file(${CMAKE_SOURCE_DIR}/cmake/archive.S.in ${assembly} @ONLY)
  set_source_files_properties(${assembly} PROPERTIES OBJECT_DEPENDS ${archive})
  target_sources(${target} PRIVATE ${assembly})
endfunction()

# leoflow_build_page(VARIABLE): builds ui/ into the build folder; VARIABLE becomes the stamp that tells it is done.
function(leoflow_build_page variable)
  set(source ${CMAKE_SOURCE_DIR}/ui)
  file(GLOB_RECURSE inputs CONFIGURE_DEPENDS ${source}/src/* ${source}/public/* ${source}/scripts/*)
  file(GLOB roots CONFIGURE_DEPENDS ${source}/*.json ${source}/*.ts ${source}/*.js ${source}/*.html)
  set(stamp ${CMAKE_BINARY_DIR}/ui.built)
  add_custom_command(OUTPUT ${stamp}
    COMMAND ${CMAKE_SOURCE_DIR}/tools/build_page ${source} ${CMAKE_BINARY_DIR}/ui
    COMMAND ${CMAKE_COMMAND} -E touch ${stamp}
    DEPENDS ${inputs} ${roots} ${CMAKE_SOURCE_DIR}/tools/build_page
    COMMENT "Building the page" VERBATIM)
  set(${variable} ${stamp} PARENT_SCOPE)
endfunction()
