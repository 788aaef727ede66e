# SPDX-License-Identifier: MIT
#
# tendril_add_tests(name label [PUBLIC_ONLY] SOURCES files...): one GoogleTest program, its tests known to ctest.
#
# Makes nothing when there are no files, or when TENDRIL_TEST_FLOORS does not name the label. Tests get the label, and
# `threads` as well when "Threads" is in their suite's name: those are the ones that ThreadSanitizer must see.
# PUBLIC_ONLY leaves src/ out of the include path.

include(GoogleTest)

function(tendril_add_tests name label)
    cmake_parse_arguments(PARSE_ARGV 2 arg "PUBLIC_ONLY" "" "SOURCES")
    if(NOT arg_SOURCES OR (TENDRIL_TEST_FLOORS AND NOT label IN_LIST TENDRIL_TEST_FLOORS))
        return()
    endif()
    add_executable(${name} ${arg_SOURCES} ${PROJECT_SOURCE_DIR}/tests/support/main.cpp)
    tendril_compile_options(${name})
    target_compile_options(${name} PRIVATE ${TENDRIL_TEST_OPTIONS})
    if(CMAKE_CROSSCOMPILING)
        target_compile_definitions(${name} PRIVATE TENDRIL_TEST_UNDER_EMULATOR)
    endif()
    target_link_libraries(${name} PRIVATE tendril_testing tendril::tendril GTest::gtest)
    if(NOT arg_PUBLIC_ONLY)
        target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/src)
        target_compile_definitions(${name} PRIVATE ${TENDRIL_PRIVATE_DEFINITIONS})
    endif()
    foreach(kind IN ITEMS plain threads)
        if(kind STREQUAL "threads")
            set(filter "*Threads*.*")
            set(labels "${label}$<SEMICOLON>threads")
        else()
            set(filter "-*Threads*.*")
            set(labels ${label})
        endif()
        gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60 TEST_PREFIX "${label}."
            TEST_FILTER "${filter}" TEST_LIST ${name}_${kind} PROPERTIES TIMEOUT 120 LABELS "${labels}")
    endforeach()
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
