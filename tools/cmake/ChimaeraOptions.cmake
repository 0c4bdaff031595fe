# Compiler flags of the project's own code. They hold for the directories below the root, and are not passed on to
# those who link the installed libraries.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")  # for any x86-64: what is built here may run elsewhere

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wno-missing-field-initializers)
add_compile_options(-fno-plt)
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  add_compile_options(-Wno-restrict)  # its bug 105651: sees an overlap in `"text" + string`
endif()

if(CHI_SANITIZE)
  # -O1: half the time to compile, and traces that can be read. Ordinary stack use grows; so does every time limit.
  set(CMAKE_CXX_FLAGS_RELEASE "-O1 -g1")
  add_compile_options(-fsanitize=${CHI_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${CHI_SANITIZE})
endif()

if(CHI_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES Clang)
    message(FATAL_ERROR "CHI_FUZZ needs clang: configure with -DCMAKE_CXX_COMPILER=clang++-19 (preset `fuzz`)")
  endif()
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
