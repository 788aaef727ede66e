// SPDX-License-Identifier: MIT

#include "green_test.hpp"

#include <dirent.h>

#include <cstdlib>
#include <thread>
#include <utility>

#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>

#include "base/report.hpp"
#include "hub/backend.hpp"

namespace tendril::testing {

namespace {

thread_local std::vector<std::string> unhandled;

void run(void (*body)()) {
    Hub& hub = Hub::current();
    hub.set_error_handler([](const ErrorContext& context, const std::exception_ptr& error) {
        unhandled.push_back(std::string(context.activity) + ": " + detail::describe(error));
    });
    spawn({.name = "test body"}, body).get();
    for (int i = 0; i < 3; ++i) {
        yield();  // callbacks that are due may run
    }
    const HubStats left = hub.stats();
    EXPECT_EQ(left.greenlets, 0u) << "green threads are left";
    EXPECT_LE(left.stacks_used, 1u) << "stacks are left";  // one may be the hub's own, for callbacks
    EXPECT_EQ(left.timers, 0u) << "timers are left";
    EXPECT_EQ(left.descriptors, 0u) << "sockets are left";
    EXPECT_EQ(left.waiting_for_io, 0u) << "waiters are left";
    EXPECT_EQ(left.keeping_alive, 0u) << "Asyncs are left";
    for (const std::string& each : take_unhandled()) {
        ADD_FAILURE() << "nobody handled: " << each;
    }
}

// TENDRIL_TEST_BACKEND in the environment names the only backend to test, for runs that take long.
std::vector<std::string_view> backends_to_test() {
    const char* only = std::getenv("TENDRIL_TEST_BACKEND");
    return only != nullptr ? std::vector<std::string_view>{only} : detail::backend_names();
}

}  // namespace

void on_every_backend(void (*body)()) {
    for (const std::string_view name : backends_to_test()) {
        SCOPED_TRACE("backend " + std::string(name));
        ::setenv("TENDRIL_BACKEND", std::string(name).c_str(), 1);
        const std::size_t before = count_descriptors();
        std::thread([body] {
            try {
                run(body);
            } catch (const std::exception& e) {
                ADD_FAILURE() << "the test threw " << e.what();
            } catch (const Interrupt& e) {
                ADD_FAILURE() << "an interrupt left the test: " << e.what();
            }
        }).join();
        EXPECT_EQ(count_descriptors(), before) << "descriptors are left";
    }
    ::unsetenv("TENDRIL_BACKEND");
}

std::vector<std::string> take_unhandled() {
    return std::exchange(unhandled, {});
}

std::size_t count_descriptors() {
    std::size_t n = 0;
    DIR* dir = ::opendir("/proc/self/fd");
    while (::readdir(dir) != nullptr) {
        ++n;
    }
    ::closedir(dir);
    return n;
}

}  // namespace tendril::testing
