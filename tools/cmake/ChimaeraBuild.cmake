# How the targets of the project are built: one function for each kind of target.

# The public headers: what modules and programs see.
add_library(chi_headers INTERFACE)
add_library(chimaera::module ALIAS chi_headers)
set_target_properties(chi_headers PROPERTIES EXPORT_NAME module)
target_compile_features(chi_headers INTERFACE cxx_std_20)
file(GLOB_RECURSE public_headers CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/include/*.h)
target_sources(chi_headers INTERFACE FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR}/include FILES ${public_headers})
set_target_properties(chi_headers PROPERTIES VERIFY_INTERFACE_HEADER_SETS ON)  # each compiles alone
install(TARGETS chi_headers EXPORT chimaera FILE_SET HEADERS)

# Parts of the whole that are built by name: all modules; all but the tests; tests with threads; fuzzers.
add_custom_target(chi_modules)
add_custom_target(chi_product)
add_dependencies(chi_product chi_modules)
add_custom_target(chi_concurrent_tests)
add_custom_target(chi_fuzzers)

# chi_layer(NAME [INTERNAL] LINK libs... [TEST_LINK libs...] [TEST_TIMEOUT s]): one folder of src/ as a static library,
# from all of its *.cc but *_test.cc, with each *_test.cc a test of its own. Sources include each other as
# "layer/file.h". INTERNAL: of the program only, not installed.
function(chi_layer name)
  cmake_parse_arguments(arg "INTERNAL" "TEST_TIMEOUT" "LINK;TEST_LINK" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS *.cc)
  file(GLOB tests CONFIGURE_DEPENDS *_test.cc)
  file(GLOB fuzzers CONFIGURE_DEPENDS *_fuzz.cc)
  list(REMOVE_ITEM sources ${tests} ${fuzzers})
  if(sources)
    add_library(chi_${name} STATIC ${sources})
    set(scope PUBLIC)
  else()
    add_library(chi_${name} INTERFACE)
    set(scope INTERFACE)
  endif()
  set_target_properties(chi_${name} PROPERTIES EXPORT_NAME ${name} OUTPUT_NAME chimaera_${name})
  add_library(chimaera::${name} ALIAS chi_${name})
  target_include_directories(chi_${name} ${scope} $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src>)
  target_link_libraries(chi_${name} ${scope} chi_headers Threads::Threads ${arg_LINK})
  add_dependencies(chi_product chi_${name})
  if(NOT arg_INTERNAL)
    install(TARGETS chi_${name} EXPORT chimaera ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
  elseif(CHI_SANITIZE)
    chi_compile_fast(chi_${name})
  endif()
  foreach(test ${tests})
    get_filename_component(stem ${test} NAME_WE)
    chi_test(${name}_${stem} SOURCES ${test} LINK chi_${name} ${arg_TEST_LINK} TIMEOUT ${arg_TEST_TIMEOUT})
  endforeach()
  foreach(fuzzer ${fuzzers})
    get_filename_component(stem ${fuzzer} NAME_WE)
    chi_fuzzer(${name}_${stem} SOURCES ${fuzzer} LINK chi_${name})
  endforeach()
endfunction()

# GoogleTest's headers, half of what there is to compile in most tests: once for all of them.
file(GENERATE OUTPUT ${CMAKE_BINARY_DIR}/test_headers.cc CONTENT "int main() {}\n")
add_executable(chi_test_headers EXCLUDE_FROM_ALL ${CMAKE_BINARY_DIR}/test_headers.cc)
target_link_libraries(chi_test_headers PRIVATE GTest::gtest GTest::gmock)
target_precompile_headers(chi_test_headers PRIVATE <gmock/gmock.h> <gtest/gtest.h>)
chi_compile_fast(chi_test_headers)

# chi_test(NAME SOURCES files LINK libs [TIMEOUT s] [LABELS l...] [ENVIRONMENT v=x...]): a GoogleTest program, one ctest
# entry. A test that starts threads by itself gets the label `concurrent`, and so runs under TSan too.
function(chi_test name)
  cmake_parse_arguments(arg "" "TIMEOUT" "SOURCES;LINK;LABELS;ENVIRONMENT" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_LINK} GTest::gtest_main GTest::gmock)
  target_precompile_headers(${name} REUSE_FROM chi_test_headers)
  chi_compile_fast(${name})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/test)
  foreach(source ${arg_SOURCES})
    file(STRINGS ${source} threads REGEX "^#include <(thread|pthread.h|future)>" LIMIT_COUNT 1)
    if(threads)
      list(APPEND arg_LABELS concurrent)
    endif()
  endforeach()
  list(REMOVE_DUPLICATES arg_LABELS)
  if("concurrent" IN_LIST arg_LABELS)
    add_dependencies(chi_concurrent_tests ${name})
  endif()
  add_test(NAME ${name} COMMAND ${name})
  chi_test_properties(${name} TIMEOUT ${arg_TIMEOUT} LABELS ${arg_LABELS} ENVIRONMENT ${arg_ENVIRONMENT})
endfunction()

# The properties that each ctest entry has. Under a sanitizer everything takes longer, and the limits grow.
function(chi_test_properties name)
  cmake_parse_arguments(arg "" "TIMEOUT" "LABELS;ENVIRONMENT" ${ARGN})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 60)
  endif()
  if(CHI_SANITIZE)
    math(EXPR arg_TIMEOUT "${arg_TIMEOUT} * 4")
    list(APPEND arg_ENVIRONMENT
         "ASAN_OPTIONS=detect_stack_use_after_return=0:abort_on_error=1"
         "UBSAN_OPTIONS=print_stacktrace=1"
         "TSAN_OPTIONS=second_deadlock_stack=1")
  endif()
  set_tests_properties(${name} PROPERTIES TIMEOUT ${arg_TIMEOUT} LABELS "${arg_LABELS}"
                                          ENVIRONMENT "${arg_ENVIRONMENT}")
endfunction()

# chi_fuzzer(NAME SOURCES files LINK libs): a libFuzzer program, built only with CHI_FUZZ=ON.
function(chi_fuzzer name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINK" ${ARGN})
  if(NOT CHI_FUZZ)
    return()
  endif()
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_LINK})
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
  add_dependencies(chi_fuzzers ${name})
endfunction()
