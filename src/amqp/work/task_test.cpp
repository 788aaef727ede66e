// SPDX-License-Identifier: MIT

#include <tendril/amqp/task.hpp>

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "green_test.hpp"

namespace tendril::amqp {
namespace {

std::string twice(const std::string& text) {
    return text + text;
}
int runs = 0;
void count() {
    ++runs;
}
std::string refuse(const std::string& text) {
    throw std::out_of_range(text);
}

constexpr Task twice_task("twice", twice, {.retries = 3});
constexpr Task count_task("count", count);
constexpr Task refuse_task("refuse", refuse);

TEST(AmqpTask, IsCallableAsItsFunction) {
    EXPECT_EQ(twice_task("ab"), "abab");
    EXPECT_EQ(twice_task.name(), "twice");
    EXPECT_EQ(twice_task.options().retries, 3u);
    count_task();
    EXPECT_EQ(runs, 1);
}

TEST(AmqpTask, RunsFromAMessageToAMessage) {
    const AnyTask any = twice_task;
    EXPECT_EQ(any({.body = "xy"}).body, "xyxy");
    EXPECT_EQ(any.name(), "twice");
    runs = 0;
    EXPECT_EQ(AnyTask(count_task)({.body = "ignored"}).body, "");
    EXPECT_EQ(runs, 1);
    const AnyTask refuses = refuse_task;
    EXPECT_THROW(refuses({.body = "why"}), std::out_of_range);
}

TENDRIL_TEST(AmqpTask, OutsideOfAWorkerThereIsNone) {
    EXPECT_THROW(current_task(), std::logic_error);
    progress(0.5);  // as in a local Pool: nobody hears it
}

}  // namespace
}  // namespace tendril::amqp
