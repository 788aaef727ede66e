# SPDX-License-Identifier: MIT
#
# How everything of ours is compiled: ccache, sanitizers, and tendril_compile_options(target) for language and warnings.

if(PROJECT_IS_TOP_LEVEL AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    find_program(TENDRIL_CCACHE ccache)
    if(TENDRIL_CCACHE)
        set(CMAKE_CXX_COMPILER_LAUNCHER ${TENDRIL_CCACHE})
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
