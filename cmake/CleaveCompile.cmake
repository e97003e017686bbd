# Compiler settings shared by every target.
add_compile_options(-Wall -Wextra -Wshadow -Wnon-virtual-dtor -Wimplicit-fallthrough)
# g++ 12 sees overlaps that are not there in "text" + std::string (GCC bug 105329).
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  add_compile_options(-Wno-restrict)
endif()
# Decoding must give the same bits on every machine: no fused multiply-add behind our back.
add_compile_options(-ffp-contract=off)

if(CLEAVE_SANITIZE STREQUAL "address")
  add_compile_definitions(CLEAVE_SANITIZED)
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
elseif(CLEAVE_SANITIZE STREQUAL "thread")
  add_compile_options(-fsanitize=thread -fno-omit-frame-pointer)
  add_link_options(-fsanitize=thread)
elseif(NOT CLEAVE_SANITIZE STREQUAL "")
  message(FATAL_ERROR "CLEAVE_SANITIZE is '${CLEAVE_SANITIZE}', expected 'address', 'thread' or nothing")
endif()

if(CLEAVE_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
