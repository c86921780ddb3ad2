# Compiler options for our own code. `cpns_options` is linked PRIVATE by every target of ours, so that warnings as
# errors never reach generated or foreign code.
add_library(cpns_options INTERFACE)
target_compile_options(cpns_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Woverloaded-virtual -Wimplicit-fallthrough)
if(CMAKE_BUILD_TYPE STREQUAL "Debug" AND NOT CPNS_SANITIZE)
  # Optimising or with sanitizers, g++ 12 warns of what is not there (see below); the preset dev sees the same source
  # and refuses every warning.
  target_compile_options(cpns_options INTERFACE -Werror)
endif()
target_include_directories(cpns_options INTERFACE ${CMAKE_SOURCE_DIR}/src)
if(CPNS_UNITY AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ takes a file that a unity file includes for a header, and warns about its local types.
  target_compile_options(cpns_options INTERFACE -Wno-subobject-linkage)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # Optimising, g++ 12 sees overlaps and overruns in std::string and std::vector that are not there (its bugs 105651
  # and 105329). The sanitizer builds look for the real ones.
  target_compile_options(cpns_options INTERFACE -Wno-restrict -Wno-array-bounds -Wno-stringop-overflow
    -Wno-stringop-overread)
endif()

# Hardening for everything, generated code too. Where a sanitizer watches, _FORTIFY_SOURCE stands back.
add_compile_options(-fstack-protector-strong -fno-omit-frame-pointer)
add_link_options(-Wl,-z,relro,-z,now,-z,noexecstack)
if(CPNS_SANITIZE)
  add_compile_options(-fsanitize=${CPNS_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${CPNS_SANITIZE})
elseif(CMAKE_BUILD_TYPE STREQUAL "Release")
  add_compile_definitions(_FORTIFY_SOURCE=2)
endif()
if(CPNS_COVERAGE)
  add_compile_options(--coverage)
  add_link_options(--coverage)
endif()
if(CPNS_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

# Boost.Asio 1.74 uses std::exchange without including <utility>, and clang 14 supports coroutines without saying so.
add_library(cpns_asio INTERFACE)
target_compile_definitions(cpns_asio INTERFACE BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_BOOST_BIND)
target_link_libraries(cpns_asio INTERFACE cpns_out_of_memory)  # what runtime/asio.hpp does where memory ends
if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
  target_compile_definitions(cpns_asio INTERFACE __cpp_impl_coroutine=201902L BOOST_ASIO_HAS_CO_AWAIT BOOST_ASIO_HAS_STD_COROUTINE)
else()
  # g++ 12 sees Asio's operator delete for coroutine frames, but not its operator new, once it inlines.
  target_compile_options(cpns_asio INTERFACE -Wno-mismatched-new-delete)
endif()

# One target per folder: cpns_folder(NAME SOURCES ... PUBLIC targets... PRIVATE targets...)
function(cpns_folder name)
  cmake_parse_arguments(arg "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  add_library(${name} STATIC ${arg_SOURCES})
  # Commands and admin verbs each have an `Options` or a `handle` of their own: never in one unity file.
  foreach(source ${arg_SOURCES})
    if(source MATCHES "(^|/)(command_|commands_|admin/)")
      set_source_files_properties(${source} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
    endif()
  endforeach()
  target_link_libraries(${name} PUBLIC ${arg_PUBLIC} PRIVATE cpns_options ${arg_PRIVATE})
  target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR}/src)
endfunction()
