# SPDX-License-Identifier: MIT
#
# How everything of ours is compiled: ccache, sanitizers, tendril_compile_options(target) for language and warnings, and
# tendril_precompile(target) for the headers that most sources include.

if(PROJECT_IS_TOP_LEVEL AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    # Once for each build folder: a launcher that is found later is another command, and all would be compiled again.
    if(NOT DEFINED CACHE{TENDRIL_CCACHE})
        find_program(TENDRIL_CCACHE ccache)
    endif()
    if(TENDRIL_CCACHE)
        # Without these two it does not keep what was compiled with a precompiled header.
        set(CMAKE_CXX_COMPILER_LAUNCHER env CCACHE_SLOPPINESS=pch_defines,time_macros ${TENDRIL_CCACHE})
    endif()
endif()

# Sanitizers change what every object must be compiled with, so they hold for the whole tree rather than per target.
if(TENDRIL_SANITIZE)
    add_compile_options(-fsanitize=${TENDRIL_SANITIZE} -fno-omit-frame-pointer)
    add_link_options(-fsanitize=${TENDRIL_SANITIZE})
    if(TENDRIL_SANITIZE MATCHES "undefined")
        add_compile_options(-fno-sanitize-recover=all)
    endif()
endif()

function(tendril_compile_options target)
    target_compile_features(${target} PUBLIC cxx_std_20)
    set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF)
    target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion
        -Woverloaded-virtual -Wimplicit-fallthrough)
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
        # GCC 12 warns of overlapping copies inside std::string's operator+ (GCC bug 105651).
        target_compile_options(${target} PRIVATE -Wno-restrict)
        if(TENDRIL_SANITIZE)
            # The checks that sanitizers insert hide initialisations from GCC's flow analysis.
            target_compile_options(${target} PRIVATE -Wno-maybe-uninitialized)
        endif()
    endif()
    if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
        target_compile_options(${target} PRIVATE -Wthread-safety)  # include/tendril/detail/base/thread_safety.hpp
    endif()
    if(TENDRIL_WERROR)
        target_compile_options(${target} PRIVATE -Werror)
    endif()
endfunction()

# The standard headers, and those given, are parsed once for all sources of the target; with LIKE another target, which
# is compiled with the same options, they are that one's. A source that forgets to include one of them compiles all the
# same: CONTRIBUTING says which presets find it.
function(tendril_precompile target)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "LIKE" "HEADERS")
    if(arg_LIKE)
        target_precompile_headers(${target} REUSE_FROM ${arg_LIKE})
    else()
        target_precompile_headers(${target} PRIVATE <algorithm> <array> <atomic> <chrono> <cstdint> <cstdlib> <cstring>
            <exception> <functional> <map> <memory> <mutex> <optional> <stdexcept> <string> <string_view> <system_error>
            <thread> <utility> <vector> ${arg_HEADERS})
    endif()
    # For ccache: GCC's preprocessed text names the precompiled header, and Clang's holds no time. And GCC 12 forgets which
    # of the functions that it inlined came from a system's header, and warns of what std::string does.
    target_compile_options(${target} PRIVATE
        "$<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess;-Wno-stringop-overflow;-Wno-array-bounds>"
        "$<$<CXX_COMPILER_ID:Clang>:SHELL:-Xclang -fno-pch-timestamp>")
endfunction()
