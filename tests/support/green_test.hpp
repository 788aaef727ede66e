// SPDX-License-Identifier: MIT
//
// TENDRIL_TEST(Suite, name) { ... }: a GoogleTest test whose body runs in a green thread, once on every backend, each
// time in an OS thread of its own with a fresh hub. Afterwards nothing may be left: no green thread, stack, timer,
// waiter or descriptor, and no unhandled error (take_unhandled() takes those that the test provokes).
//
// ASSERT_* leave the function that they stand in, as usual; in a nested lambda, that is the lambda.

#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <vector>

namespace tendril::testing {

void on_every_backend(void (*body)());

// Returns the unhandled errors reported to the hub so far, in order ("green thread: text of what()"), and removes them,
// so that the fixture does not complain about them.
std::vector<std::string> take_unhandled();

// Returns the number of open descriptors of this process.
std::size_t count_descriptors();

}  // namespace tendril::testing

#define TENDRIL_TEST(suite, name)                                     \
    static void suite##_##name##_body();                              \
    TEST(suite, name) {                                               \
        ::tendril::testing::on_every_backend(&suite##_##name##_body); \
    }                                                                 \
    static void suite##_##name##_body()
