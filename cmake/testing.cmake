# SPDX-License-Identifier: MIT
#
# tendril_test_program(name label sources...): one GoogleTest program.
# tendril_add_tests(name label [PUBLIC_ONLY] SOURCES files...): the same, its tests known to ctest.
#
# Tests get the label. TENDRIL_TEST_FLOORS limits what is made to the labels that it names; when `threads` is among them,
# the files of other labels that have a suite with "Threads" in its name are compiled too: ThreadSanitizer must see those.
# TENDRIL_TEST_SKIP names labels that are left out.
# PUBLIC_ONLY leaves src/ out of the include path.

include(GoogleTest)

# How the tests' own sources are compiled.
function(tendril_test_options target)
    tendril_compile_options(${target})
    target_compile_options(${target} PRIVATE ${ARGN})
    if(CMAKE_CROSSCOMPILING)
        target_compile_definitions(${target} PRIVATE TENDRIL_TEST_UNDER_EMULATOR)
    endif()
endfunction()

# main() of test programs, and the owner of what they have precompiled: in executables CMake has the compiler make
# another kind of position-independent code than in object libraries, if it is to make any: no precompiling then. One for
# tests with TENDRIL_TEST_OPTIONS, one for those without.
if(CMAKE_POSITION_INDEPENDENT_CODE)
    set(TENDRIL_PRECOMPILE_TESTS OFF)
endif()
foreach(main IN ITEMS tendril_test_main tendril_test_main_as_users)
    set(options ${TENDRIL_TEST_OPTIONS})
    if(main STREQUAL "tendril_test_main_as_users")
        if(NOT TENDRIL_TEST_AS_USERS)
            continue()
        endif()
        set(options)
    endif()
    add_library(${main} OBJECT EXCLUDE_FROM_ALL ${PROJECT_SOURCE_DIR}/tests/support/main.cpp)
    tendril_test_options(${main} ${options})
    target_link_libraries(${main} PRIVATE tendril::tendril GTest::gtest)
    if(TENDRIL_PRECOMPILE_TESTS)
        tendril_precompile(${main} HEADERS <gtest/gtest.h>)
    endif()
endforeach()

function(tendril_test_program name label)
    set(main tendril_test_main)
    set(options ${TENDRIL_TEST_OPTIONS})
    if(label IN_LIST TENDRIL_TEST_AS_USERS)
        set(main tendril_test_main_as_users)
        set(options)
    endif()
    add_executable(${name} ${ARGN} $<TARGET_OBJECTS:${main}>)
    tendril_test_options(${name} ${options})
    if(TENDRIL_PRECOMPILE_TESTS)
        tendril_precompile(${name} LIKE ${main})
    endif()
    target_link_libraries(${name} PRIVATE GTest::gtest)
endfunction()

# Leaves those of the sources in the variable that have a suite with "Threads" in its name.
function(tendril_with_threads variable)
    set(kept)
    foreach(source IN LISTS ${variable})
        file(STRINGS ${source} suites REGEX "^[A-Z_]*TEST[A-Z_]*\\([A-Za-z]*Threads")
        if(suites)
            list(APPEND kept ${source})
        endif()
        set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${source})
    endforeach()
    set(${variable} ${kept} PARENT_SCOPE)
endfunction()

function(tendril_add_tests name label)
    cmake_parse_arguments(PARSE_ARGV 2 arg "PUBLIC_ONLY" "" "SOURCES")
    if(label IN_LIST TENDRIL_TEST_SKIP)
        return()
    endif()
    if(TENDRIL_TEST_FLOORS AND NOT label IN_LIST TENDRIL_TEST_FLOORS)
        if(NOT "threads" IN_LIST TENDRIL_TEST_FLOORS)
            return()
        endif()
        tendril_with_threads(arg_SOURCES)
    endif()
    if(NOT arg_SOURCES)
        return()
    endif()
    tendril_test_program(${name} ${label} ${arg_SOURCES})
    target_link_libraries(${name} PRIVATE tendril_testing tendril::tendril)
    if(NOT arg_PUBLIC_ONLY)
        target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/src)
        target_compile_definitions(${name} PRIVATE ${TENDRIL_PRIVATE_DEFINITIONS})
    endif()
    gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60 TEST_PREFIX "${label}."
        PROPERTIES TIMEOUT 120 LABELS ${label})
    # The floors that switch stacks once more under valgrind; only the test preset `valgrind` runs these. Valgrind runs
    # one OS thread at a time: fairly, or one that spins keeps the others from what it spins for. On the default backend.
    if(label MATCHES "^(context|hub)$" AND NOT TENDRIL_SANITIZE AND NOT CMAKE_CROSSCOMPILING)
        # What it knows of pselect and io_uring is not enough, and of pidfds nothing; to the kernel
        # our OS threads are in its own code, which the blocking watch then sees.
        add_test(NAME valgrind.${label} COMMAND valgrind --quiet --fair-sched=yes --error-exitcode=99
            $<TARGET_FILE:${name}> --gtest_filter=-*/select:*/io_uring:*Uring*:Child.*:BlockingWatchThreads.*)
        set_tests_properties(valgrind.${label} PROPERTIES TIMEOUT 900 LABELS valgrind
            ENVIRONMENT TENDRIL_TEST_BACKEND=epoll)
    endif()
endfunction()
