// SPDX-License-Identifier: MIT
//
// What only the backend io_uring can meet: a kernel that refuses it, and one that lost completions.

#ifdef TENDRIL_HAS_URING

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include <tendril/fd.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>

#include "base/sys.hpp"
#include "green_test.hpp"
#include "hub/backend.hpp"

namespace tendril::detail {
namespace {

int refusal = 0;

std::string backend_when_refused(int error) {
    refusal = error;
    sys::set_fault_hook(
        [](sys::Call call, int) noexcept -> sys::Fault { return call == sys::Call::io_uring_setup ? refusal : 0; });
    const std::string name = make_backend("io_uring")->name();
    sys::set_fault_hook(nullptr);
    return name;
}

TEST(BackendUring, WhereTheKernelRefusesItSaysSoOnceAndIsEpoll) {
    const std::size_t before = testing::count_descriptors();
    for (const int error : {ENOSYS, EPERM, ENOMEM}) {
        EXPECT_EQ(backend_when_refused(error), "epoll");
    }
    ::testing::internal::CaptureStderr();
    EXPECT_EQ(backend_when_refused(EMFILE), "epoll");
    EXPECT_EQ(backend_when_refused(EMFILE), "epoll");
    EXPECT_EQ(::testing::internal::GetCapturedStderr(),
              "tendril: io_uring cannot be used here (Too many open files), so the backend is epoll\n");
    EXPECT_EQ(testing::count_descriptors(), before);
}

TEST(BackendUring, AfterLostCompletionsWhatIsThereIsToldAgain) {
    const std::unique_ptr<Backend> backend = make_backend("io_uring");
    if (backend->name() != std::string_view("io_uring")) {
        GTEST_SKIP() << "the kernel refuses io_uring";
    }
    int both[2] = {-1, -1};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, both), 0);
    const Fd here(both[0]);
    const Fd peer(both[1]);
    ASSERT_EQ(backend->arm(here.get(), 7, events::read, false), 0);
    ASSERT_EQ(::write(peer.get(), "x", 1), 1);
    ASSERT_EQ(backend->wait(-1).size(), 1u);
    ASSERT_TRUE(backend->wait(1'000'000).empty());
    sys::set_fault_hook(
        [](sys::Call call, int) noexcept -> sys::Fault { return call == sys::Call::io_uring_enter ? EBADR : 0; });
    EXPECT_TRUE(backend->wait(1'000'000).empty());
    sys::set_fault_hook(nullptr);
    const auto again = backend->wait(-1);
    ASSERT_EQ(again.size(), 1u);
    EXPECT_EQ(again[0].token, 7u);
    EXPECT_NE(again[0].what & events::read, 0);
    backend->disarm(here.get(), 7);
}

}  // namespace
}  // namespace tendril::detail

#endif
