# Compiler flags of the project's own code. They hold for the directories below the root, and are not passed on to
# those who link the installed libraries.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")  # for any x86-64: what is built here may run elsewhere

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wno-missing-field-initializers)
add_compile_options(-fno-plt)
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  add_compile_options(-Wno-restrict)  # its bug 105651: sees an overlap in `"text" + string`
endif()

# Tables of addresses are whole before the first line runs, and read-only from then on.
add_link_options(-Wl,-z,relro -Wl,-z,now)

if(CHI_SANITIZE)
  # Half the time to compile, and traces that can be read. See chi_compile_fast, too.
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

# For code whose speed is not what is looked at: compiled in a third of the time where sanitizers make that long.
function(chi_compile_fast target)
  if(CHI_SANITIZE)
    target_compile_options(${target} PRIVATE -O0)
  else()
    target_compile_options(${target} PRIVATE -O1)
  endif()
endfunction()
