// SPDX-License-Identifier: MIT
//
// ReplyLine: TQ13 and TQ14, pure.

#include "amqp/protocol/reply_line.hpp"

#include <gtest/gtest.h>

#include <string>

#include <tendril/amqp/error.hpp>

#include "amqp/protocol/methods.hpp"

namespace tendril::amqp::detail {
namespace {

constexpr MethodId declared = method::QueueDeclareOk::info.id;
constexpr MethodId got = method::BasicGetOk::info.id;
constexpr MethodId empty = method::BasicGetEmpty::info.id;

std::string refusal(const ReplyLine& line, MethodId answer) {
    try {
        static_cast<void>(line.front(answer));
        return "";
    } catch (const ProtocolError& e) {
        return e.what();
    }
}

TEST(ReplyLine, AnswersInTheOrderOfTheCalls) {
    ReplyLine line;
    int first = 0;
    int second = 0;
    line.push({.answer = declared, .other = {}, .caller = &first});
    line.push({.answer = declared, .other = {}, .caller = &second});
    EXPECT_EQ(line.take(declared).caller, &first);
    EXPECT_EQ(line.take(declared).caller, &second);
    EXPECT_TRUE(line.empty());
}

TEST(ReplyLine, AnAbandonedCallKeepsItsPlace) {
    ReplyLine line;
    int first = 0;
    int second = 0;
    line.push({.answer = got, .other = empty, .undo = Undo::requeue, .caller = &first});
    line.push({.answer = got, .other = empty, .undo = Undo::requeue, .caller = &second});
    line.abandon(&first);
    EXPECT_TRUE(line.front(got).abandoned());
    const ReplyLine::Place place = line.take(got);
    EXPECT_TRUE(place.abandoned());
    EXPECT_EQ(place.undo, Undo::requeue);
    EXPECT_EQ(line.take(empty).caller, &second);
    line.abandon(&second);  // too late: nothing happens
    EXPECT_TRUE(line.empty());
}

TEST(ReplyLine, RefusesAnAnswerThatIsNotDue) {
    ReplyLine line;
    EXPECT_EQ(refusal(line, declared), "the broker sent queue.declare-ok, which nobody asked for");
    line.push({.answer = declared, .other = {}});
    EXPECT_EQ(refusal(line, empty), "the broker sent basic.get-empty where queue.declare-ok was due");
    EXPECT_EQ(line.size(), 1u);
    EXPECT_TRUE(line.pop().abandoned());
}

}  // namespace
}  // namespace tendril::amqp::detail
