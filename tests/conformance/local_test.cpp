// SPDX-License-Identifier: MIT
//
// behaviours.md, section 3 F: a value per green thread; and the local of section 1's D8.

#include <tendril/local.hpp>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <tendril/greenlet.hpp>

#include "green_test.hpp"

namespace tendril {
namespace {

TENDRIL_TEST(ConformanceF, TF08_ValuesAreSeparate) {
    const Local<std::string> text;
    text = "mine";
    std::vector<Greenlet<std::string>> others;
    for (const char* name : {"a", "b"}) {
        others.push_back(spawn([&, name] {
            EXPECT_FALSE(text.has_value());
            text = name;
            yield();
            return *text;
        }));
    }
    EXPECT_EQ(others[0].get() + others[1].get(), "ab");
    EXPECT_EQ(*text, "mine");
}

TENDRIL_TEST(ConformanceF, TF08_ValuesAreInitialisedInEachGreenThread) {
    std::vector<std::uint64_t> made_in;
    const Local<std::vector<int>> numbers([&] {
        made_in.push_back(current().id());
        return std::vector{1, 2};
    });
    numbers->push_back(3);
    const auto g = spawn([&] { return numbers->size() + numbers->size(); });
    EXPECT_EQ(g.get(), 4u);
    EXPECT_EQ(numbers->size(), 3u);
    EXPECT_EQ(made_in, (std::vector{current().id(), g.id()}));
}

TENDRIL_TEST(ConformanceF, TF08_ValuesGoWithTheirGreenThreadAlsoWhenItsHandleLivesOn) {
    const Local<std::shared_ptr<int>> held;
    const auto object = std::make_shared<int>(1);
    const auto value = spawn([&] { held = object; });
    const auto error = spawn([&] {
        held = object;
        throw std::runtime_error("no");
    });
    const auto kill = spawn([&] {
        held = object;
        sleep(never);
    });
    yield();
    EXPECT_EQ(object.use_count(), 2) << "only the one that waits";
    kill.kill();
    EXPECT_EQ(object.use_count(), 1);
    EXPECT_TRUE(value.successful());
    EXPECT_NE(error.exception(), nullptr);
    EXPECT_TRUE(kill.killed());
}

TENDRIL_TEST(ConformanceF, D08_WhatOneSetsIsNotThereForAnother) {
    const Local<int> x;
    const Local<int> y;
    std::string printed;
    const auto f1 = spawn([&] {
        x = 1;
        printed += std::to_string(*x);
    });
    const auto f2 = spawn([&] {
        y = 2;
        printed += std::to_string(*y);
        try {
            printed += std::to_string(*x);
        } catch (const std::logic_error&) {
            printed += " x is not local to f2";
        }
    });
    join_all({f1, f2});
    EXPECT_EQ(printed, "12 x is not local to f2");
}

}  // namespace
}  // namespace tendril
