# How a ChiMod is built: in the project's own tree, and, after `find_package(chimaera)`, in anyone else's.

# chimaera_add_module(NAME [LINK libs...]): the ChiMod in this folder: src/*.cc, include/, manifest.yaml. It is built
# into a module repo, as it will be installed: <build>/modules/NAME/{manifest.yaml,libNAME.so}. Callers link NAME_api.
# Name and version are the manifest's; the name there is the target's. Where CHIMAERA_INSTALL_MODULES is OFF, `install`
# leaves the module out.
function(chimaera_add_module name)
  cmake_parse_arguments(arg "" "" "LINK" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS src/*.cc)
  set(repo ${CMAKE_BINARY_DIR}/modules/${name})
  add_library(${name} MODULE ${sources})
  target_include_directories(${name} PRIVATE include)
  target_link_libraries(${name} PRIVATE chimaera::module ${arg_LINK})
  chimaera_manifest_value(manifest_name name)
  chimaera_manifest_value(version version)
  if(NOT manifest_name STREQUAL name)
    message(FATAL_ERROR "${CMAKE_CURRENT_SOURCE_DIR}/manifest.yaml: the name is '${manifest_name}', "
                        "but CMakeLists.txt says chimaera_add_module(${name}): make them the same")
  endif()
  target_compile_definitions(${name} PRIVATE CHI_MODULE_NAME="${name}" CHI_MODULE_VERSION="${version}")
  # Nothing but the module's table is seen from outside, not even what the standard library marks as visible; and
  # dlclose really unloads.
  target_compile_options(${name} PRIVATE -fvisibility=hidden -fvisibility-inlines-hidden
                         $<$<CXX_COMPILER_ID:GNU>:-fno-gnu-unique>)
  set(exports ${CMAKE_CURRENT_BINARY_DIR}/${name}.map)
  file(CONFIGURE OUTPUT ${exports} CONTENT "{ global: chi_module_table; local: *; };\n")
  target_link_options(${name} PRIVATE -Wl,--exclude-libs,ALL -Wl,--version-script=${exports})
  if(NOT CHI_SANITIZE AND NOT CMAKE_CXX_FLAGS MATCHES "-fsanitize")  # whose symbols are the program's
    target_link_options(${name} PRIVATE -Wl,-z,defs)  # what nobody defines is told now, not when it is loaded
  endif()
  chimaera_check_module(${name})
  set_target_properties(${name} PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${repo} POSITION_INDEPENDENT_CODE ON)
  configure_file(manifest.yaml ${repo}/manifest.yaml COPYONLY)

  add_library(${name}_api INTERFACE)
  target_include_directories(${name}_api INTERFACE ${CMAKE_CURRENT_SOURCE_DIR}/include)
  target_link_libraries(${name}_api INTERFACE chimaera::module)

  if(TARGET chi_modules)
    add_dependencies(chi_modules ${name})
  endif()
  if(DEFINED CHIMAERA_INSTALL_MODULES AND NOT CHIMAERA_INSTALL_MODULES)
    return()
  endif()
  include(GNUInstallDirs)
  install(TARGETS ${name} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/chimaera/modules/${name})
  install(FILES manifest.yaml DESTINATION ${CMAKE_INSTALL_LIBDIR}/chimaera/modules/${name})
  if(IS_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}/include)
    install(DIRECTORY include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
  endif()
endfunction()

# chimaera_add_module_test(NAME [LINK libs...]): the module's tests, test/*_test.cc, as a GoogleTest program, NAME_test.
# They see the module's own headers (src/) and link its sources. CHI_TEST_MODULES: the folders in which a node finds the
# module, and Chimaera's own, as strings with a comma between them; CHI_TEST_FOLDER: test/, for data.
function(chimaera_add_module_test name)
  cmake_parse_arguments(arg "" "" "LINK" ${ARGN})
  file(GLOB tests CONFIGURE_DEPENDS test/*_test.cc)
  file(GLOB sources CONFIGURE_DEPENDS src/*.cc)
  if(NOT tests)
    return()
  endif()
  set(libraries chimaera::embedded ${name}_api ${arg_LINK})
  if(TARGET chimaera::test_kit)
    list(APPEND libraries chimaera::test_kit)
  endif()
  if(COMMAND chi_test)
    chi_test(${name}_test SOURCES ${tests} ${sources} LINK ${libraries})
  else()
    find_package(GTest QUIET)
    if(NOT GTest_FOUND)
      message(STATUS "${name}: without its tests, which need GoogleTest (Debian: libgtest-dev, libgmock-dev)")
      return()
    endif()
    add_executable(${name}_test ${tests} ${sources})
    target_link_libraries(${name}_test PRIVATE ${libraries} GTest::gtest_main GTest::gmock)
    add_test(NAME ${name}_test COMMAND ${name}_test)
  endif()
  chimaera_manifest_value(version version)
  set(repos "\"${CMAKE_BINARY_DIR}/modules\"")
  if(chimaera_MODULE_REPO)
    string(APPEND repos ",\"${chimaera_MODULE_REPO}\"")
  endif()
  target_compile_definitions(${name}_test PRIVATE CHI_MODULE_NAME="${name}" CHI_MODULE_VERSION="${version}"
                             CHI_TEST_MODULES=${repos} CHI_TEST_FOLDER="${CMAKE_CURRENT_SOURCE_DIR}/test")
  target_include_directories(${name}_test PRIVATE src)
  add_dependencies(${name}_test ${name})
  if(TARGET chimaera_admin)
    add_dependencies(${name}_test chimaera_admin)
  endif()
endfunction()

# Lets the build of a module fail, before it is compiled, where its sources have what no compiler finds: a handler that
# CHI_EXPORT_MODULE lacks, a coroutine in a form that g++ 12 miscompiles. CHIMAERA_CHECK_MODULES=OFF leaves it out.
function(chimaera_check_module name)
  if(DEFINED CHIMAERA_CHECK_MODULES AND NOT CHIMAERA_CHECK_MODULES)
    return()
  endif()
  find_program(CHIMAERA_PYTHON NAMES python3)
  if(NOT CHIMAERA_PYTHON)
    message(STATUS "${name}: its handlers and coroutines are not checked, which needs python3 (Debian: python3)")
    return()
  endif()
  set(check ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/check_module)
  if(NOT EXISTS ${check})  # Chimaera's own tree
    cmake_path(SET check NORMALIZE ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/../check_module)
  endif()
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS src/*.cc src/*.h include/*.h)
  set(stamp ${CMAKE_CURRENT_BINARY_DIR}/${name}.checked)
  add_custom_command(OUTPUT ${stamp}
                     COMMAND ${CHIMAERA_PYTHON} ${check} ${sources}
                     COMMAND ${CMAKE_COMMAND} -E touch ${stamp}
                     DEPENDS ${sources} ${check} COMMENT "Checking the sources of ${name}" VERBATIM)
  add_custom_target(${name}_checked DEPENDS ${stamp})
  add_dependencies(${name} ${name}_checked)
endfunction()

# Sets `variable` to the value of a top-level key of this folder's manifest.yaml.
function(chimaera_manifest_value variable key)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS manifest.yaml)
  file(STRINGS manifest.yaml line REGEX "^${key}:" LIMIT_COUNT 1)
  if(NOT line MATCHES "^${key}:[ ]*[\"']?([A-Za-z0-9_.]+)[\"']?[ ]*(#.*)?$")
    message(FATAL_ERROR "${CMAKE_CURRENT_SOURCE_DIR}/manifest.yaml: needs a line `${key}: value`")
  endif()
  set(${variable} ${CMAKE_MATCH_1} PARENT_SCOPE)
endfunction()
