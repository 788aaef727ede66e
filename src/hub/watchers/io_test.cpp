// SPDX-License-Identifier: MIT

#include <tendril/watchers.hpp>

#include <fcntl.h>

#include <cerrno>
#include <chrono>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>

#include "errno_of.hpp"
#include "green_test.hpp"
#include "hub/hub_core.hpp"
#include "pipe.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

using testing::errno_of;
using testing::Pipe;

// As closing() of select.hpp, of a floor above.
void closing(int fd) {
    detail::HubCore::here().descriptors.closing(fd);
}

template <class Condition>
void until(Condition holds) {
    while (!holds()) {
        sleep(100us);
    }
}

TENDRIL_TEST(Io, RunsAgainAndAgainWhileTheDescriptorIsReady) {
    const Pipe pipe;
    int runs = 0;
    const Io io(pipe.reader.get(), IoEvents::read, [&](IoEvents what) {
        EXPECT_EQ(what, IoEvents::read);
        if (++runs == 3) {
            pipe.drain();
        }
    });
    sleep(1ms);
    EXPECT_EQ(runs, 0);
    pipe.write();
    until([&] { return runs >= 3; });
    sleep(1ms);
    EXPECT_EQ(runs, 3) << "it was ready no more";
    pipe.write();
    until([&] { return runs > 3; });
}

TENDRIL_TEST(Io, WatchesForSeveralEvents) {
    Pipe pipe;
    IoEvents seen = IoEvents::none;
    const Io writable(pipe.writer.get(), IoEvents::read | IoEvents::write, [&](IoEvents what) { seen = seen | what; });
    until([&] { return any(seen); });
    EXPECT_EQ(seen, IoEvents::write);
    pipe.reader.close();  // an error is readable and writable
    until([&] { return any(seen & IoEvents::read); });
}

TENDRIL_TEST(Io, WhatIsNotWantedDoesNotRunIt) {
    const Pipe pipe;
    int runs = 0;
    const Io io(pipe.writer.get(), IoEvents::read, [&](IoEvents) { ++runs; });
    sleep(2ms);
    EXPECT_EQ(runs, 0);
}

TENDRIL_TEST(Io, StopsAndStarts) {
    const Pipe pipe;
    int runs = 0;
    Io io(pipe.reader.get(), IoEvents::read, [&](IoEvents) { ++runs; });
    io.stop();
    pipe.write();
    sleep(1ms);
    EXPECT_EQ(runs, 0);
    io.start();
    until([&] { return runs > 0; });
    io.stop();
    const int before = runs;
    sleep(1ms);
    EXPECT_EQ(runs, before);
}

TENDRIL_TEST(Io, SeveralOnOneDescriptorSeeTheSame) {
    const Pipe pipe;
    int first = 0;
    int second = 0;
    std::optional<Io> one(std::in_place, pipe.reader.get(), IoEvents::read, [&](IoEvents) { ++first; });
    const Io two(pipe.reader.get(), IoEvents::read, [&](IoEvents) { ++second; });
    pipe.write();
    until([&] { return first > 2 && second > 2; });
    one.reset();
    const int before = second;
    until([&] { return second > before + 2; });
}

TENDRIL_TEST(Io, IsToldOfTheClosingOfItsNumberOnce) {
    Pipe pipe;
    std::vector<IoEvents> told;
    Io io(pipe.reader.get(), IoEvents::read, [&](IoEvents what) { told.push_back(what); });
    Io other(pipe.reader.get(), IoEvents::read, [&](IoEvents what) { told.push_back(what); });
    const int fd = pipe.reader.get();
    closing(fd);
    pipe.reader.close();
    const Pipe next;  // takes the number
    ASSERT_EQ(next.reader.get(), fd);
    next.write();
    until([&] { return !io.active() && !other.active(); });
    EXPECT_EQ(told, (std::vector{IoEvents::closed, IoEvents::closed}));
    sleep(1ms);
    EXPECT_EQ(told.size(), 2u);
    io.start();
    until([&] { return told.size() > 2; });
    EXPECT_EQ(told.back(), IoEvents::read) << "of whom the number is now";
    io.stop();
}

TENDRIL_TEST(Io, MayCloseItsDescriptorInItsCallback) {
    Pipe pipe;
    std::vector<IoEvents> told;
    const Io io(pipe.reader.get(), IoEvents::read, [&](IoEvents what) {
        told.push_back(what);
        if (what == IoEvents::read) {
            closing(pipe.reader.get());
            pipe.reader.close();
        }
    });
    pipe.write();
    until([&] { return !io.active(); });
    EXPECT_EQ(told, (std::vector{IoEvents::read, IoEvents::closed}));
}

// Closed and used again without a word to the hub: where the system knows descriptors rather than numbers, all
// watchers are notified, whichever notices first.
TENDRIL_TEST(Io, ANumberThatIsUsedAgainBehindTheHubsBackIsNoticedAtTheNextStart) {
    if (std::string_view(Hub::current().backend()) != "epoll") {
        return;
    }
    Pipe pipe;
    const int fd = pipe.reader.get();
    std::vector<IoEvents> told;
    const Io old(fd, IoEvents::read, [&](IoEvents what) { told.push_back(what); });
    pipe.reader.close();
    const Pipe next;
    ASSERT_EQ(next.reader.get(), fd);
    int runs = 0;
    const Io fresh(fd, IoEvents::read, [&](IoEvents what) {
        EXPECT_EQ(what, IoEvents::read);
        ++runs;
    });
    until([&] { return !old.active(); });
    EXPECT_EQ(told, std::vector{IoEvents::closed});
    next.write();
    until([&] { return runs > 0; });
}

// C9, TC11
TENDRIL_TEST(Io, IsSetToAnotherDescriptorWhenItIsStopped) {
    const Pipe first;
    const Pipe second;
    int runs = 0;
    Io io(first.reader.get(), IoEvents::read, [&](IoEvents) { ++runs; });
    EXPECT_THROW(io.set(second.reader.get(), IoEvents::read), std::logic_error);
    io.stop();
    io.set(second.reader.get(), IoEvents::read);
    io.start();
    first.write();
    sleep(1ms);
    EXPECT_EQ(runs, 0);
    second.write();
    until([&] { return runs > 0; });
    io.stop();
    io.set(second.writer.get(), IoEvents::write);
    io.start();
    const int before = runs;
    until([&] { return runs > before; });
}

TENDRIL_TEST(Io, RefusesWhatCannotBeWatched) {
    const auto nothing = [](IoEvents) {};
    EXPECT_THROW(Io(-1, IoEvents::read, nothing), std::invalid_argument);
    EXPECT_THROW(Io(0, IoEvents::none, nothing), std::invalid_argument);
    EXPECT_THROW(Io(0, IoEvents::closed, nothing), std::invalid_argument);
    EXPECT_EQ(errno_of([&] { Io(1'000'000, IoEvents::read, nothing); }), EBADF);
    const Fd file(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
    EXPECT_EQ(errno_of([&] { Io(file.get(), IoEvents::read, nothing); }), EPERM);
    EXPECT_EQ(Hub::current().stats().keeping_alive, 0u);
}

}  // namespace
}  // namespace tendril
