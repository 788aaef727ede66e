// SPDX-License-Identifier: MIT

#include <tendril/socket_activation.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <stdexcept>
#include <string>

#include <tendril/socket.hpp>

#include "errno_of.hpp"
#include "green_test.hpp"

namespace tendril {
namespace {

TENDRIL_TEST(SocketActivation, TakesWhatWasHandedOverOnce) {
    Fd first = listen("127.0.0.1:0").release();
    Fd second = listen("127.0.0.1:0").release();
    ::setenv("TENDRIL_SOCKETS", (std::to_string(first.get()) + "=http:" + std::to_string(second.get()) + "=").c_str(),
             1);
    static_cast<void>(first.release());
    static_cast<void>(second.release());
    auto all = inherited_sockets();
    ASSERT_EQ(all.size(), 2u);
    EXPECT_EQ(all[0].name, "http");
    EXPECT_EQ(all[1].name, "unknown");
    EXPECT_EQ(::fcntl(all[0].fd.get(), F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    EXPECT_TRUE(Listener(std::move(all[0].fd)).is_open());
    EXPECT_TRUE(inherited_sockets().empty());
}

TENDRIL_TEST(SocketActivation, IsNotMeantForOthersAndNotFooled) {
    ::setenv("LISTEN_PID", std::to_string(::getpid() + 1).c_str(), 1);
    ::setenv("LISTEN_FDS", "1", 1);
    EXPECT_TRUE(inherited_sockets().empty());
    EXPECT_EQ(std::getenv("LISTEN_FDS"), nullptr);
    for (const char* bad : {"-1", "1001", "x", "99999999999999999999"}) {
        ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
        ::setenv("LISTEN_FDS", bad, 1);
        EXPECT_THROW(inherited_sockets(), std::invalid_argument) << bad;
    }
    ::setenv("TENDRIL_SOCKETS", "99999=x", 1);
    EXPECT_EQ(testing::errno_of([] { inherited_sockets(); }), EBADF);
    notify_ready();  // no program waits for it
}

}  // namespace
}  // namespace tendril
