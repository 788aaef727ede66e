// SPDX-License-Identifier: MIT
//
// A pipe with non-blocking ends, which the hub does not know: for tests of foreign descriptors.

#pragma once

#include <gtest/gtest.h>

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <string>

#include <tendril/fd.hpp>

namespace tendril::testing {

struct Pipe {
    Fd reader;
    Fd writer;

    Pipe() {
        std::array<int, 2> fds{};
        EXPECT_EQ(::pipe2(fds.data(), O_NONBLOCK | O_CLOEXEC), 0);
        reader = Fd(fds[0]);
        writer = Fd(fds[1]);
    }
    void write(char c = 'x') const { EXPECT_EQ(::write(writer.get(), &c, 1), 1); }
    char read() const {  // '\0': nothing there
        char c = 0;
        return ::read(reader.get(), &c, 1) == 1 ? c : '\0';
    }
    void fill() const {
        const std::string much(1 << 16, 'x');
        while (::write(writer.get(), much.data(), much.size()) > 0) {
        }
    }
    void drain() const {
        std::string much(1 << 16, 'x');
        while (::read(reader.get(), much.data(), much.size()) > 0) {
        }
    }
};

}  // namespace tendril::testing
