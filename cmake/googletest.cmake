# SPDX-License-Identifier: MIT
#
# GTest::gtest: Debian's library; or, for a cross build or where TENDRIL_GTEST_FROM_SOURCE says so (a build with
# _GLIBCXX_DEBUG, whose containers have another layout), compiled from Debian's package googletest.

if(NOT CMAKE_CROSSCOMPILING AND NOT TENDRIL_GTEST_FROM_SOURCE)
    find_package(GTest REQUIRED)
    return()
endif()

set(root /usr/src/googletest/googletest)
if(NOT EXISTS ${root}/src/gtest-all.cc)
    message(FATAL_ERROR "${root} is missing: install the Debian package googletest (tools/setup)")
endif()
find_package(Threads REQUIRED)
add_library(tendril_gtest STATIC ${root}/src/gtest-all.cc)
target_compile_features(tendril_gtest PUBLIC cxx_std_20)
target_include_directories(tendril_gtest SYSTEM PUBLIC ${root}/include PRIVATE ${root})
target_link_libraries(tendril_gtest PUBLIC Threads::Threads)
add_library(GTest::gtest ALIAS tendril_gtest)
